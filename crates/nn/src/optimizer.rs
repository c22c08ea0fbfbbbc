//! Steps of optimizers, each in one pass over memory where the device allows it.

use burn::tensor::Tensor;

use crate::cpu;
pub use crate::cpu::AdamState;
use crate::kernels::optimizer::Adam;

/// What a step of Adam is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Decay rates of the mean and of the uncentred variance.
    pub betas: [f64; 2],
    /// Added to the denominator.
    pub epsilon: f64,
    /// The learning rate.
    pub lr: f64,
    /// Taken from the weight before the step, as this times the learning rate (AdamW).
    pub decay: f64,
    /// Number of the step, from 1.
    pub step: u32,
}

/// A step of Adam (arXiv 1412.6980) with decoupled weight decay (arXiv 1711.05101): the weight after it, and what
/// to remember. Nothing is on the tape.
pub fn adam<const D: usize>(
    step: AdamStep,
    weight: Tensor<D>,
    gradient: Tensor<D>,
    state: AdamState<D>,
) -> (Tensor<D>, AdamState<D>) {
    let count = step.step.min(i32::MAX as u32) as i32;
    let [correction, root] = step.betas.map(|beta| 1.0 - beta.powi(count));
    let settings = Adam {
        betas: step.betas.map(|beta| beta as f32),
        rest: step.betas.map(|beta| (1.0 - beta) as f32),
        keep: (1.0 - step.lr * step.decay) as f32,
        rate: (step.lr / correction) as f32,
        root: root.sqrt() as f32,
        epsilon: step.epsilon as f32,
    };
    let (weight, gradient, state) = match cpu::adam(settings, weight, gradient, state) {
        Ok(result) => return result,
        Err(inputs) => inputs,
    };
    let squared = gradient.clone().square().mul_scalar(1.0 - step.betas[1]);
    let gradient = gradient.mul_scalar(1.0 - step.betas[0]);
    let (mean, variance) = match state {
        Some([mean, variance]) => (
            mean.mul_scalar(step.betas[0]) + gradient,
            variance.mul_scalar(step.betas[1]) + squared,
        ),
        None => (gradient, squared),
    };
    let denominator = variance
        .clone()
        .sqrt()
        .div_scalar(root.sqrt())
        .add_scalar(step.epsilon);
    let weight = if step.decay == 0.0 {
        weight
    } else {
        weight.mul_scalar(1.0 - step.lr * step.decay)
    };
    let weight = weight - mean.clone().mul_scalar(step.lr / correction) / denominator;
    (weight, Some([mean, variance]))
}
