//! Sequence networks: what reads all slices of a series at once, from what an image network made of each.
//!
//! **No padding.** The slices of all series of a batch stand one after another, `[slices, …]`, and [`Lengths`] says
//! where a series ends. So there is nothing that could leak from padding into a number, statistics of a batch are over
//! slices that exist, and losses take the output as it is. What works along a series (recurrences, attention,
//! neighbours) is told the lengths.

mod erased;
mod input;
mod lengths;
mod network;

pub use erased::AnySeriesNetwork;
pub use input::{SeriesInput, SeriesValues};
pub use lengths::Lengths;
pub use network::{SeriesNetwork, SeriesOutput, SeriesShape};
