//! Exams by a logistic regression on the order statistics of their slices.

use ichflow_api::prelude::*;

use super::{Aggregate, Gathered};
use crate::logistic::LogisticRegression;
use crate::postprocess::{logit, parts};

/// Quantiles of the slices' probabilities that a regression sees beside the three highest: their spread.
const QUANTILES: [f64; 3] = [0.9, 0.75, 0.5];
/// The highest that it sees.
const HIGHEST: usize = 3;

/// The features of one label of one exam: logits of the three highest probabilities and of quantiles of all.
fn features(sorted: &[f64]) -> Vec<f64> {
    let at = |place: usize| {
        sorted
            .get(place.min(sorted.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    let highest = (0..HIGHEST).map(at);
    let quantile = |q: f64| at(((1.0 - q) * (sorted.len().saturating_sub(1)) as f64).round() as usize);
    highest.chain(QUANTILES.map(quantile)).map(logit).collect()
}

/// A regression that was fitted before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FittedRegression {
    /// The constant.
    pub offset: f64,
    /// The weights of the logits of the three highest probabilities and of the quantiles 0.9, 0.75 and 0.5.
    #[schemars(length(min = 6, max = 6))]
    pub weights: Vec<f64>,
}

/// A regression a label.
pub(super) struct OfOrderStatistics(Vec<LogisticRegression>);

impl OfOrderStatistics {
    /// Fits to the exams for which `keep` holds and whose truth is known.
    fn fit(gathered: &Gathered, l2: f64, keep: impl Fn(usize) -> bool) -> Result<Self> {
        let of_label = |label: usize| {
            let exams = gathered.exams.slices.iter().zip(&gathered.sorted).enumerate();
            let (rows, truth): (Vec<_>, Vec<bool>) = exams
                .filter(|(index, _)| keep(*index))
                .filter_map(|(_, (exam, sorted))| {
                    let positive = exam.labels.as_ref()?.positive(label)?;
                    Some((features(&sorted[label]), positive))
                })
                .unzip();
            LogisticRegression::fit(&rows, &truth, l2)
        };
        let labels = 0..gathered.exams.labels.len();
        Ok(Self(labels.map(of_label).collect::<Result<_>>()?))
    }

    /// Regressions that are there already, one a label.
    pub(super) fn known(fitted: &[FittedRegression], labels: &LabelSet) -> Result<Self> {
        if fitted.len() != labels.len() {
            return Err(Error::new(format!(
                "`fitted` has {} regressions, and there are {} labels",
                fitted.len(),
                labels.len()
            )));
        }
        let regression = |fitted: &FittedRegression| LogisticRegression {
            offset: fitted.offset,
            weights: fitted.weights.clone(),
        };
        Ok(Self(fitted.iter().map(regression).collect()))
    }

    /// What [`OfOrderStatistics::known`] takes.
    fn settled(&self) -> Vec<FittedRegression> {
        let settled = |fitted: &LogisticRegression| FittedRegression {
            offset: fitted.offset,
            weights: fitted.weights.clone(),
        };
        self.0.iter().map(settled).collect()
    }

    /// All exams by these.
    pub(super) fn to_all(&self, gathered: Gathered) -> Predictions {
        let probabilities = gathered.sorted.iter().map(|sorted| self.row(sorted)).collect();
        Predictions {
            probabilities,
            ..gathered.exams
        }
    }

    fn row(&self, sorted: &[Vec<f64>]) -> Vec<f64> {
        let labels = self.0.iter().zip(sorted);
        labels
            .map(|(fitted, sorted)| fitted.predict(&features(sorted)))
            .collect()
    }
}

/// Validation exams, each by a fit that has not seen its patient, and test exams by the fit to all.
pub(super) fn fitted(
    stage: &Aggregate,
    valid: Gathered,
    test: Option<Gathered>,
    context: &Context,
) -> Result<(Predictions, Option<Predictions>)> {
    if valid.exams.slices.iter().all(|exam| exam.labels.is_none()) {
        return Err(
            Error::new("the truth of no validation exam is known, so nothing can be fitted to it")
                .help("`method = \"max\"` needs no truth"),
        );
    }
    let part_of = parts::deal(&valid.exams, stage.parts, &mut context.rng("parts"))?;
    let mut rows = vec![Vec::new(); valid.sorted.len()];
    for part in 0..parts::count(&part_of) {
        let members: Vec<usize> = (0..rows.len()).filter(|exam| part_of[*exam] == part).collect();
        let fitted = OfOrderStatistics::fit(&valid, stage.l2, |exam| part_of[exam] != part)?;
        for exam in members {
            rows[exam] = fitted.row(&valid.sorted[exam]);
        }
    }
    let of_all = OfOrderStatistics::fit(&valid, stage.l2, |_| true)?;
    context.settle(&Aggregate {
        fitted: Some(of_all.settled()),
        ..stage.clone()
    })?;
    let test = test.map(|test| of_all.to_all(test));
    let valid = Predictions {
        probabilities: rows,
        ..valid.exams
    };
    Ok((valid, test))
}
