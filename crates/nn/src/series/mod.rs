//! Sequence networks: what reads all slices of a series at once, from what an image network made of each.
//!
//! **No padding.** The slices of all series of a batch stand one after another, `[slices, …]`, and [`Lengths`] says
//! where a series ends. So there is nothing that could leak from padding into a number, statistics of a batch are over
//! slices that exist, and losses take the output as it is. What works along a series (recurrences, attention,
//! neighbours) is told the lengths. On devices without kernels of their own those pad inside, and mask ([`Padding`]).
//!
//! [`Padding`]: padding::Padding

#![expect(
    clippy::result_large_err,
    reason = "what a kernel does not take comes back as it was given, for burn's operations"
)]

mod convolution;
mod encoder;
mod erased;
mod features;
mod gated_attention;
mod halves;
mod head;
mod input;
mod lengths;
mod neighbours;
mod network;
mod padding;
mod pooling;
mod recurrent;
#[cfg(test)]
mod tests;

pub use convolution::SliceConvolution;
pub use encoder::{EncoderLayer, positions};
pub use erased::AnySeriesNetwork;
pub use features::{Features, SeriesFeature};
pub use gated_attention::GatedAttention;
pub use halves::widen_halves;
pub use head::{ExamHead, SeriesHead};
pub use input::{SeriesInput, SeriesValues};
pub use lengths::Lengths;
pub use neighbours::{Ends, neighbours};
pub use network::{SeriesNetwork, SeriesOutput, SeriesShape};
pub use pooling::{softmax_over_series, sum_over_series};
pub use recurrent::{CellKind, Direction, Recurrent, RecurrentLayer};
