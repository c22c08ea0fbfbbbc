//! What is measured of predictions, as `metrics.json` holds it.
//!
//! `part` measures one part of the data with the help of `label`, `groups` and `intervals`; `statistics` how sure its
//! numbers are; `versus` the difference between two sets of predictions, `baselines` how much of a score is above some that
//! know little, `subgroups` how it is for each scanner, age band or site.

mod baselines;
mod groups;
mod intervals;
mod label;
#[cfg(test)]
mod made_up;
mod novelty;
mod part;
mod statistics;
mod subgroups;
mod versus;
mod versus_labels;

pub use baselines::{Baseline, held_against};
pub(crate) use novelty::novelty;
pub use part::{at_thresholds, measure, measure_labelled};
pub use statistics::{Chosen, statistics};
pub use subgroups::subgroups;
pub use versus::{versus, versus_rows};
pub use versus_labels::versus_labels;
