//! From the states of slices to logits.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::gated_attention::GatedAttention;
use super::lengths::Lengths;
use super::network::SeriesOutput;
use crate::context::ForwardContext;
use crate::layers::{SliceDropout, SliceLinear};

/// Logits of slices, and of the series as a whole where that is wanted.
#[derive(Module, Debug)]
pub struct SeriesHead {
    /// Applied to the states while training.
    pub dropout: SliceDropout,
    /// From a slice's state to its logits.
    pub classifier: SliceLinear,
    /// Makes the series' logits.
    pub exam: Option<ExamHead>,
}

/// Logits of a series as a whole.
#[derive(Module, Debug)]
pub struct ExamHead {
    /// Weighs the slices.
    pub attention: GatedAttention,
    /// From the weighed states to logits.
    pub classifier: SliceLinear,
}

impl SeriesHead {
    /// A fresh head for states of `inputs` values; with `attention`, the hidden values of a gated attention, it tells
    /// of the series as a whole too.
    pub fn new(
        inputs: usize,
        labels: usize,
        dropout: f64,
        attention: Option<usize>,
        device: &Device,
    ) -> Self {
        Self {
            dropout: SliceDropout::new(dropout),
            classifier: SliceLinear::new(inputs, labels, device),
            exam: attention.map(|hidden| ExamHead {
                attention: GatedAttention::new(inputs, hidden, device),
                classifier: SliceLinear::new(inputs, labels, device),
            }),
        }
    }

    /// From states `[slices, inputs]` to logits.
    pub fn forward(&self, states: Tensor<2>, lengths: &Lengths, context: &ForwardContext) -> SeriesOutput {
        let states = self.dropout.forward(states, context);
        let exam = self.exam.as_ref().map(|exam| {
            let (pooled, weights) = exam.attention.forward(states.clone(), lengths, context);
            (exam.classifier.forward(pooled, context), weights)
        });
        let (exam, weights) = exam.unzip();
        SeriesOutput {
            slices: self.classifier.forward(states, context),
            first_stage: None,
            exam,
            weights,
        }
    }
}
