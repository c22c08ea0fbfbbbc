//! What a sequence network is, and what it gives.

use burn::module::Module;
use burn::tensor::Tensor;

use super::input::SeriesInput;
use crate::context::ForwardContext;

/// Sizes of what a sequence network takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesShape {
    /// Values of a slice's embedding.
    pub features: usize,
    /// Logits of the image network, 0 where there are none.
    pub logits: usize,
    /// Labels it tells of.
    pub labels: usize,
}

/// A network over the slices of series.
///
/// Off the tape, on the CPU, a series gives the same bits alone and in any batch.
pub trait SeriesNetwork: Module + Sync + 'static {
    /// From what is known of each slice to logits of each.
    fn forward(&self, input: SeriesInput, context: &ForwardContext) -> SeriesOutput;
}

/// What a sequence network gives.
#[derive(Clone, Debug)]
pub struct SeriesOutput {
    /// Logits of every slice, `[slices, labels]`, in the order of the input.
    pub slices: Tensor<2>,
    /// Logits of an earlier stage of the network, which has a loss of its own, `[slices, labels]`.
    pub first_stage: Option<Tensor<2>>,
    /// Logits of every series as a whole, `[series, labels]`.
    pub exam: Option<Tensor<2>>,
    /// How much each slice counts in those, `[slices, 1]`; those of a series add up to 1.
    pub weights: Option<Tensor<2>>,
}
