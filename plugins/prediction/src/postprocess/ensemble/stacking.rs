//! Stacking: how much each member is to be believed, learned from validation slices.

use ichflow_api::data::labels::{COUNT, Labels};
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
    pub fn fit(rows: &[Vec<[f64; COUNT]>], truth: &[Labels], l2: f64) -> Result<Self> {
        let of_label = |label: usize| {
            let features: Vec<Vec<f64>> = rows.iter().map(|row| logits(row, label)).collect();
            let truth: Vec<bool> = truth.iter().map(|truth| truth[label]).collect();
            LogisticRegression::fit(&features, &truth, l2)
        };
        Ok(Self((0..COUNT).map(of_label).collect::<Result<_>>()?))
    }

    /// One row of the members' probabilities, combined.
    pub fn apply(&self, row: &[[f64; COUNT]]) -> [f64; COUNT] {
        std::array::from_fn(|label| self.0[label].predict(&logits(row, label)))
    }

    /// The regression of one label: its weights are the members'.
    pub fn label(&self, label: usize) -> &LogisticRegression {
        &self.0[label]
    }
}

fn logits(row: &[[f64; COUNT]], label: usize) -> Vec<f64> {
    row.iter().map(|member| logit(member[label])).collect()
}
