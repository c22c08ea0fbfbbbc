//! Areas under the ROC curve.

use ichflow_api::data::measures::{Measure, Method, PartialArea};
use ichflow_api::metrics::{
    Confidence, Interval, Ranked, auroc as area_of, auroc_clustered, auroc_delong, partial_auroc,
};

use super::cases::Cases;

/// The area with the closed interval that its cases allow.
pub(super) fn auroc(cases: &Cases, notes: &mut Vec<String>) -> Option<Measure> {
    let value = area_of(&cases.truth, &cases.probabilities).filter(|_| cases.both_classes())?;
    let bare = Measure {
        value,
        interval: None,
        method: None,
    };
    if !cases.patients_known {
        return Some(bare);
    }
    let (estimate, method) = match cases.independent {
        true => (
            auroc_delong(&cases.truth, &cases.probabilities, &cases.patient),
            Method::Delong,
        ),
        false => (
            auroc_clustered(&cases.truth, &cases.probabilities, &cases.patient),
            Method::Obuchowski,
        ),
    };
    let interval = match estimate {
        Ok(estimate) => estimate.interval(Confidence::PERCENT_95),
        Err(error) => {
            notes.push(format!("the AUROC has no interval: {error}"));
            return Some(bare);
        }
    };
    if interval.is_none() {
        notes.push(
            "the AUROC has no interval: all cases happen to be in order, which does not make it certain"
                .into(),
        );
        return Some(bare);
    }
    Some(Measure {
        value,
        interval,
        method: Some(method),
    })
}

/// Cases in the order of their probabilities, sorted once for all resamples.
pub(super) struct Ranking {
    ranked: Ranked,
    max_fpr: f64,
}

impl Ranking {
    pub(super) fn of(cases: &Cases, max_fpr: f64) -> Self {
        Self {
            ranked: Ranked::of(&cases.truth, &cases.probabilities),
            max_fpr,
        }
    }

    /// The standardised partial area where each patient counts as often as `times` says.
    pub(super) fn partial(&self, cases: &Cases, times: &[u32]) -> Option<f64> {
        let of_case: Vec<u32> = cases.patient.iter().map(|patient| times[*patient]).collect();
        Some(self.ranked.partial_auroc(&of_case, self.max_fpr)?.standardised)
    }
}

/// The area of few false positives.
pub(super) fn partial(cases: &Cases, max_fpr: f64, interval: Option<Interval>) -> Option<PartialArea> {
    let found = partial_auroc(&cases.truth, &cases.probabilities, max_fpr).ok()?;
    Some(PartialArea {
        max_fpr,
        area: found.area,
        standardised: Measure {
            value: found.standardised,
            interval,
            method: interval.map(|_| Method::Bootstrap),
        },
    })
}
