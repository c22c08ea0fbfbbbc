//! Gated attention pooling over the slices of a series.

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};

use super::lengths::Lengths;
use super::pooling::{softmax_over_series, sum_over_series};
use crate::context::ForwardContext;
use crate::layers::SliceLinear;

/// Gated attention (Ilse et al., 2018, arXiv 1802.04712): slice k with state hₖ has the weight
/// `aₖ ∝ exp(wᵀ(tanh(V hₖ) ⊙ σ(U hₖ)))`, and the series is `Σ aₖ hₖ`.
#[derive(Module, Debug)]
pub struct GatedAttention {
    /// V.
    pub content: SliceLinear,
    /// U.
    pub gate: SliceLinear,
    /// w.
    pub score: SliceLinear,
}

impl GatedAttention {
    /// A fresh layer for states of `inputs` values.
    pub fn new(inputs: usize, hidden: usize, device: &Device) -> Self {
        Self {
            content: SliceLinear::new(inputs, hidden, device),
            gate: SliceLinear::new(inputs, hidden, device),
            score: SliceLinear::new(hidden, 1, device).without_bias(),
        }
    }

    /// From the slices' states `[slices, inputs]` to the series', `[series, inputs]`, and the slices' weights
    /// `[slices, 1]`.
    pub fn forward(
        &self,
        states: Tensor<2>,
        lengths: &Lengths,
        context: &ForwardContext,
    ) -> (Tensor<2>, Tensor<2>) {
        let content = self.content.forward(states.clone(), context).tanh();
        let gate = activation::sigmoid(self.gate.forward(states.clone(), context));
        let scores = self.score.forward(content * gate, context);
        let weights = softmax_over_series(scores, lengths, context);
        let pooled = sum_over_series(states * weights.clone(), lengths, context);
        (pooled, weights)
    }
}
