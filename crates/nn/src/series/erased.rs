//! Any sequence network.

use super::input::SeriesInput;
use super::network::{SeriesNetwork, SeriesOutput};
use crate::context::ForwardContext;
use crate::erased::erased_module;

erased_module! {
    /// Any [`SeriesNetwork`], with its type erased.
    AnySeriesNetwork(ErasedSeriesNetwork: SeriesNetwork) {
        /// From what is known of each slice to logits of each.
        fn forward(&self, input: SeriesInput, context: &ForwardContext) -> SeriesOutput;
    }
}
