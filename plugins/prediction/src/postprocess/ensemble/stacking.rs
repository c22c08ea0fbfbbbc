//! Stacking: how much each member is to be believed, learned from validation slices.

use ichflow_api::prelude::*;

use super::super::logit;
use crate::logistic::LogisticRegression;

/// One logistic regression per label, on the members' logits of that label (Wolpert 1992).
#[derive(Clone, Debug, PartialEq)]
pub struct Stacking(Vec<LogisticRegression>);

impl Stacking {
    /// Fits to `rows`, each the members' probabilities of one slice in the members' order, and the truth;
    /// `l2` is the penalty on the members' weights. The members must not have been fitted to these slices.
    ///
    /// # Errors
    /// Where no least is found for a label.
    pub fn fit(rows: &[Vec<Vec<f64>>], truth: &[Labels], l2: f64) -> Result<Self> {
        let of_label = |label: usize| {
            let known = rows.iter().zip(truth);
            let (features, truth): (Vec<_>, Vec<bool>) = known
                .filter_map(|(row, truth)| Some((logits(row, label), truth.positive(label)?)))
                .unzip();
            LogisticRegression::fit(&features, &truth, l2)
        };
        let labels = truth.iter().map(Labels::len).max().unwrap_or(0);
        Ok(Self((0..labels).map(of_label).collect::<Result<_>>()?))
    }

    /// One row of the members' probabilities, combined.
    pub fn apply(&self, row: &[Vec<f64>]) -> Vec<f64> {
        let labels = self.0.iter().enumerate();
        labels
            .map(|(label, fitted)| fitted.predict(&logits(row, label)))
            .collect()
    }

    /// The regression of one label: its weights are the members'.
    pub fn label(&self, label: usize) -> &LogisticRegression {
        &self.0[label]
    }
}

fn logits(row: &[Vec<f64>], label: usize) -> Vec<f64> {
    row.iter().map(|member| logit(member[label])).collect()
}
