//! `fit`: trains a network in phases.
//!
//! The loop is ichflow's own rather than `burn::train`'s: phases change what learns, every epoch's
//! metrics come from all predictions at once, windows run inside the step, and a stop must be possible
//! between any two steps.
//!
//! `stage` has the parameters and puts the parts together: a [`TrainLoop`] goes through phases
//! and epochs, an [`EpochLoop`](epoch::EpochLoop) through batches, whose gradients a [`Learner`](learner::Learner)
//! computes and a `Stepper` follows; a [`Validator`](validator::Validator) predicts, a
//! [`Store`] keeps. What is trained, and on what, is a [`Task`]: the loop knows numbered
//! units, which are slices here and series in `fit-series`. Alternatives are kinds, one file each: `optimizer`, `schedule`,
//! [`sampling`].

mod average;
pub(crate) mod checkpoint;
mod data;
mod early_stopping;
mod epoch;
mod epoch_label;
mod exploded;
mod gradients;
mod learner;
mod memory;
mod metric;
mod needs;
pub mod optimizer;
mod peak_memory;
mod phase;
mod readings;
mod replicas;
mod reporter;
mod run;
pub mod sampling;
pub mod schedule;
mod settings;
mod slices;
mod stage;
mod task;
mod tensors;
#[cfg(test)]
mod tests;
mod train_loop;
mod trainable;
mod unknown_part;
mod validator;

pub use average::Average;
pub use checkpoint::Checkpoint;
pub(crate) use checkpoint::Store;
pub use early_stopping::EarlyStopping;
pub(crate) use gradients::Clipping;
pub use gradients::{clip_norm, clip_value, norm};
pub use metric::Metric;
pub use optimizer::{Adam, AdamW, Lr, Optimizer, Rate, Rule, Sgd, Stepper};
pub use phase::Phase;
pub(crate) use settings::Settings;
pub use stage::{Devices, Fit};
pub use task::Trained;
pub(crate) use task::{Batches, Task};
pub(crate) use train_loop::TrainLoop;
pub(crate) use validator::Validation;
