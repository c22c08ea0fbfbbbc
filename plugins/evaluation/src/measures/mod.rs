//! What is measured of predictions, as `metrics.json` holds it.
//!
//! `part` measures one part of the data with the help of `label`, `groups` and `intervals`; `statistics` how sure its
//! numbers are; `versus` the difference between two sets of predictions.

mod groups;
mod intervals;
mod label;
#[cfg(test)]
mod made_up;
mod novelty;
mod part;
mod statistics;
mod versus;

pub(crate) use novelty::novelty;
pub use part::{at_thresholds, measure, measure_labelled};
pub use statistics::{Chosen, statistics};
pub use versus::{versus, versus_rows};
