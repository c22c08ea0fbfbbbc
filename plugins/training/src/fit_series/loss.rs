//! What is minimised: the loss of all that a sequence network tells.

use std::sync::Arc;

use burn::tensor::{Int, TensorData};
use ichflow_api::nn::series::SeriesOutput;
use ichflow_api::prelude::*;

use super::truth::Truth;

/// How much each of a network's outputs counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weights {
    /// The logits of slices; 0 where labels are of exams alone.
    pub slices: f64,
    /// Those of an earlier stage, beside them.
    pub first_stage: f64,
    /// Those of a series as a whole.
    pub exam: f64,
}

/// The loss of a batch of series.
pub(super) struct SeriesLoss {
    /// What is minimised for a row of logits.
    pub loss: Arc<Loss>,
    /// How much each output counts.
    pub weights: Weights,
}

impl SeriesLoss {
    /// The loss `[1]`: of each output the mean over the rows whose truth is known. Nothing where nothing is known.
    pub(super) fn of(&self, output: SeriesOutput, slices: &Truth, exams: &Truth) -> Option<Tensor<1>> {
        let Weights {
            slices: of_slices,
            first_stage,
            exam,
        } = self.weights;
        let parts = [
            (Some(output.slices), slices, of_slices),
            (output.first_stage, slices, of_slices * first_stage),
            (output.exam, exams, exam),
        ];
        let parts = parts.into_iter().filter_map(|(logits, truth, weight)| {
            let loss = self.known(logits.filter(|_| weight > 0.0)?, truth)?;
            Some(if weight == 1.0 {
                loss
            } else {
                loss.mul_scalar(weight)
            })
        });
        parts.reduce(|sum, part| sum + part)
    }

    /// The loss of the rows whose truth is known.
    fn known(&self, logits: Tensor<2>, truth: &Truth) -> Option<Tensor<1>> {
        let device = logits.device();
        let rows: Vec<i64> = (0..truth.len())
            .filter(|row| truth[*row].is_some())
            .map(|row| row as i64)
            .collect();
        if rows.is_empty() {
            return None;
        }
        let values: Vec<f32> = truth.iter().flatten().flatten().copied().collect();
        let labels = values.len() / rows.len();
        let truth = Tensor::from_data(TensorData::new(values, [rows.len(), labels]), &device);
        let logits = if rows.len() == logits.dims()[0] {
            logits
        } else {
            let count = rows.len();
            logits.select(
                0,
                Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &device),
            )
        };
        Some(self.loss.loss(logits, truth))
    }
}
