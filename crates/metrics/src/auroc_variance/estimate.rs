//! One model's AUROC with its standard error and interval.

use super::covariance::Cases;
use crate::{Confidence, Interval, MetricsError, checks};

/// An AUROC and its variance.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct AurocEstimate {
    /// Area under the ROC curve.
    pub auroc: f64,
    /// Its variance over patients.
    pub variance: f64,
}

impl AurocEstimate {
    /// Square root of the variance.
    pub fn standard_error(&self) -> f64 {
        self.variance.sqrt()
    }

    /// Interval that is symmetric on the scale of `ln(A/(1 − A))`, whose ends stay between 0 and 1 (Pepe 2003,
    /// section 5.2): the one to show, since areas of good models are close to 1.
    ///
    /// `None` where the variance is 0, as when every positive is above every negative: that so few cases
    /// happened to be in order does not make the area certain.
    pub fn interval(&self, confidence: Confidence) -> Option<Interval> {
        let (auroc, error) = (self.auroc, self.standard_error());
        if error == 0.0 || auroc <= 0.0 || auroc >= 1.0 {
            return None;
        }
        let inner = confidence.around((auroc / (1.0 - auroc)).ln(), error / (auroc * (1.0 - auroc)));
        let back = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        Some(Interval {
            low: back(inner.low),
            high: back(inner.high),
        })
    }

    /// `A ± z·SE`, cut off at 0 and 1, as pROC's `ci.auc` gives it. `None` where the variance is 0.
    pub fn wald_interval(&self, confidence: Confidence) -> Option<Interval> {
        let interval = confidence.around(self.auroc, self.standard_error());
        (self.variance > 0.0).then(|| Interval {
            low: interval.low.max(0.0),
            high: interval.high.min(1.0),
        })
    }
}

/// DeLong's variance of an AUROC (1988), for one case a patient.
///
/// `truth`, `scores` and `cluster_of` have one entry a case; the last gives its patient. Scores may be on any
/// scale: only their order counts.
///
/// # Errors
/// [`MetricsError::Clustered`] where a patient has several cases; [`MetricsError::TooFew`] with fewer than two
/// positives or negatives; [`MetricsError::Range`] for NaN, [`MetricsError::Length`] where lists differ.
pub fn auroc_delong(
    truth: &[bool],
    scores: &[f64],
    cluster_of: &[usize],
) -> Result<AurocEstimate, MetricsError> {
    checks::independent(cluster_of, "DeLong's variance", "Obuchowski's (auroc_clustered)")?;
    auroc_clustered(truth, scores, cluster_of)
}

/// Obuchowski's variance of an AUROC (1997), for any number of cases a patient; DeLong's where each has one.
///
/// # Errors
/// As [`auroc_delong`], but for patients with several cases; fewer than two patients with a positive, or with
/// a negative case, are [`MetricsError::TooFew`].
pub fn auroc_clustered(
    truth: &[bool],
    scores: &[f64],
    cluster_of: &[usize],
) -> Result<AurocEstimate, MetricsError> {
    let cases = Cases::of(truth, cluster_of)?;
    let model = cases.contributions(scores)?;
    Ok(AurocEstimate {
        auroc: model.auroc,
        // Of rounding, not of the formula: a sum of squares where patients have one case each.
        variance: cases.covariance(&model, &model).max(0.0),
    })
}
