//! Optimizers: how weights follow their gradients; one file each.
//!
//! An optimizer sees one parameter at a time, flat, and knows nothing of networks: [`Stepper`] walks through the
//! network, finds the [`Rule`] of every parameter and keeps what the optimizer remembers of it. They compute what
//! PyTorch's do. burn's own are not used for three reasons: they compute Adam's bias corrections and decay rates in
//! f32, they put a restored state on the process's default device (which a machine without a GPU does not have in a
//! build with CUDA), and they look each parameter's path up anew in every step.

mod adam;
mod adamw;
mod rule;
mod sgd;
mod stepper;

use std::fmt::Debug;

use ichflow_api::inventory;
use ichflow_api::prelude::*;

use crate::kind::Registered;

pub use adam::Adam;
pub use adamw::AdamW;
pub use rule::{Lr, Rate, Rule, rules};
pub use sgd::Sgd;
pub use stepper::Stepper;

inventory::collect!(Registered<dyn Optimizer>);

/// How weights follow their gradients.
pub trait Optimizer: Debug + Send + Sync {
    /// Tensors, each as large as the parameter, that are remembered from step to step.
    fn memory(&self) -> usize;

    /// Weight decay of a parameter of `rank` dimensions.
    fn weight_decay(&self, rank: usize) -> f64;

    /// The weights after a step. `weights`, `gradient` and what is remembered are flat, `[values]`, and off the tape.
    ///
    /// `memory` is empty in a parameter's first step; after that it holds what the step before left there,
    /// [`Optimizer::memory`] tensors, zeros at first.
    fn update(
        &self,
        weights: Tensor<1>,
        gradient: Tensor<1>,
        memory: &mut Vec<Tensor<1>>,
        step: Step,
    ) -> Tensor<1>;

    /// Whether the size of a step depends on the learning rate and not on the scale of gradients, as Adam's does.
    fn is_scale_free(&self) -> bool {
        false
    }

    /// What is wrong with its parameters that their types and ranges cannot say; keys are those of its table.
    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }
}

/// What a step is for one parameter.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its learning rate.
    pub lr: f64,
    /// Its weight decay.
    pub decay: f64,
    /// Number of the step, from 1.
    pub number: u32,
}

impl Step {
    /// The gradient with weight decay added to it, as this times the weight.
    fn decayed(&self, gradient: Tensor<1>, weights: &Tensor<1>) -> Tensor<1> {
        if self.decay == 0.0 {
            gradient
        } else {
            gradient + weights.clone().mul_scalar(self.decay)
        }
    }
}

/// Weight decay is meant for tensors of at least so many dimensions: those of one are shifts, and the scales of
/// normalisation.
const DECAYED_RANK: usize = 2;

/// `weight_decay` where a parameter of `rank` dimensions decays, else 0.
fn decay_of(weight_decay: f64, decay_all: bool, rank: usize) -> f64 {
    if decay_all || rank >= DECAYED_RANK {
        weight_decay
    } else {
        0.0
    }
}

/// What is wrong with Adam's decay rates.
fn check_betas(betas: [f64; 2]) -> Vec<Problem> {
    let message = "each of `betas` must be at least 0 and below 1";
    let wrong = betas.iter().any(|beta| !(0.0..1.0).contains(beta));
    wrong
        .then(|| Problem::new("betas", message))
        .into_iter()
        .collect()
}
