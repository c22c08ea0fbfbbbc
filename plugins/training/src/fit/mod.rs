//! `fit`: trains a network in phases.
//!
//! The loop is ichflow's own rather than `burn::train`'s: phases change what learns, every epoch's
//! metrics come from all predictions at once, windows run inside the step, and a stop must be possible
//! between any two steps.
//!
//! `stage` has the parameters and puts the parts together: a [`TrainLoop`](train_loop::TrainLoop) goes through phases
//! and epochs, an [`EpochLoop`](epoch::EpochLoop) through batches, whose gradients a [`Learner`](learner::Learner)
//! computes and a `Stepper` follows; a [`Validator`](validator::Validator) predicts, a
//! [`Store`](checkpoint::Store) keeps. Alternatives are kinds, one file each: `optimizer`, `schedule`,
//! [`sampling`].

mod average;
mod checkpoint;
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
mod stage;
mod tensors;
#[cfg(test)]
mod tests;
mod train_loop;
mod trainable;
mod unknown_part;
mod validator;

pub use average::Average;
pub use checkpoint::Checkpoint;
pub use early_stopping::EarlyStopping;
pub use gradients::{clip_norm, clip_value, norm};
pub use metric::Metric;
pub use optimizer::{Adam, AdamW, Lr, Optimizer, Rate, Rule, Sgd, Stepper};
pub use phase::Phase;
pub use stage::{Devices, Fit};
