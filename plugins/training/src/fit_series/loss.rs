//! What is minimised: the loss of all that a sequence network tells.

use std::sync::Arc;

use burn::tensor::TensorData;
use ichflow_api::nn::series::SeriesOutput;
use ichflow_api::prelude::*;
use ichflow_api::tensors::loss::Targets;

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
    /// The labels.
    pub labels: LabelSet,
}

impl SeriesLoss {
    /// The loss `[1]`: of each output the mean over what is known. The truth of slices and of series is a row of numbers
    /// each, NaN where a label is unknown.
    pub(super) fn of(&self, output: SeriesOutput, slices: &[f32], series: &[f32]) -> Option<Tensor<1>> {
        let Weights {
            slices: of_slices,
            first_stage,
            exam,
        } = self.weights;
        let parts = [
            (Some(output.slices), slices, of_slices),
            (output.first_stage, slices, of_slices * first_stage),
            (output.exam, series, exam),
        ];
        let parts = parts.into_iter().filter_map(|(logits, truth, weight)| {
            let loss = self.known(logits.filter(|_| weight > 0.0)?, truth);
            Some(if weight == 1.0 {
                loss
            } else {
                loss.mul_scalar(weight)
            })
        });
        parts.reduce(|sum, part| sum + part)
    }

    fn known(&self, logits: Tensor<2>, truth: &[f32]) -> Tensor<1> {
        let complete = !truth.iter().any(|value| value.is_nan());
        let truth = TensorData::new(truth.to_vec(), logits.dims());
        let truth = Tensor::from_data(truth, &logits.device());
        self.loss
            .loss(logits, &Targets::new(truth, &self.labels, complete))
    }
}
