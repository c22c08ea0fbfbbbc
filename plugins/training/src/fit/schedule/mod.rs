//! Learning-rate schedules: how the learning rate moves within a phase; one file each.
//!
//! A factor is a function of the step alone and has no state, so that a run that was interrupted needs none
//! restored. burn's own schedules count their calls, and have no one-cycle.

mod constant;
mod cosine;
mod one_cycle;
mod rates;
mod step;
mod warmup;

use std::f64::consts::PI;
use std::fmt::Debug;

use ichflow_api::inventory;

use crate::kind::Registered;

pub use constant::Constant;
pub use cosine::Cosine;
pub use one_cycle::OneCycle;
pub use rates::Rates;
pub use step::Step;
pub use warmup::Warmup;

inventory::collect!(Registered<dyn Schedule>);

/// How the learning rate moves within a phase, from step to step.
pub trait Schedule: Debug + Send + Sync {
    /// What the phase's `lr` is multiplied by in `step`.
    fn factor(&self, step: StepOf) -> f64;
}

/// Which optimizer step of a phase, its warm-up left out.
#[derive(Clone, Copy, Debug)]
pub struct StepOf {
    /// The step, from 0.
    pub step: usize,
    /// All steps.
    pub steps: usize,
    /// Steps in an epoch.
    pub per_epoch: usize,
}

/// Half a cosine from `from` to `to`, where `part` goes from 0 to 1.
fn half_cosine(from: f64, to: f64, part: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * part).cos()) / 2.0
}
