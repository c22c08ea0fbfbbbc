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
    let test = match test {
        Some(test) => {
            let fitted = OfOrderStatistics::fit(&valid, stage.l2, |_| true)?;
            let probabilities = test.sorted.iter().map(|sorted| fitted.row(sorted)).collect();
            Some(Predictions {
                probabilities,
                ..test.exams
            })
        }
        None => None,
    };
    let valid = Predictions {
        probabilities: rows,
        ..valid.exams
    };
    Ok((valid, test))
}
