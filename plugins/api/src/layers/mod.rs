//! The layers a network spends its time in, called in one place.
//!
//! A backbone that runs its convolutions through [`convolve`] instead of their own `forward`, its normalisation
//! through [`normalise`] and its means over maps through [`mean_of_maps`], gets what is faster on the device at
//! hand and is counted in the model summary; the numbers are the same but for rounding. On the CPU these are
//! ichflow's own kernels, with their own gradients (`kernels/`, docs/architecture.md), elsewhere burn's operations.

mod cpu;
mod precision;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};

use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::module::{batch_norm, batch_norm_train};
use burn::tensor::{Tensor, activation};
pub use ichflow_kernels::Activation;

use crate::summary;
use ichflow_kernels::optimiser::Adam;

pub use precision::{Precision, in_precision};

static KERNELS: AtomicBool = AtomicBool::new(true);

/// Has all layers from here on computed by burn's own operations (`false`), or by the kernels of their device
/// (`true`, as it is when a program starts): for measuring one beside the other.
pub fn use_kernels(on: bool) {
    KERNELS.store(on, Ordering::Relaxed);
}

/// Whether kernels may be used.
pub(crate) fn kernels_on() -> bool {
    KERNELS.load(Ordering::Relaxed)
}

/// Applies a convolution to `[batch, channels, height, width]`.
pub fn convolve(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let y = precision::lowered(layer, x, |layer, x| match cpu::convolve(layer, x) {
        Ok(y) => y,
        Err(x) => layer.forward(x),
    });
    // Of a kernel `[outputs, inputs / groups, height, width]` every output value takes all but the first.
    let [_, inputs, height, width] = layer.weight.dims();
    summary::seen(layer.weight.id, y.dims(), inputs * height * width);
    y
}

/// Applies a linear layer to `[batch, features]`.
pub fn project(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    let y = precision::lowered(layer, x, |layer, x| match cpu::project(layer, x) {
        Ok(y) => y,
        Err(x) => layer.forward(x),
    });
    let [inputs, _] = layer.weight.dims();
    summary::seen(layer.weight.id, y.dims(), inputs);
    y
}

/// What a batch normalisation has been given and what it gives.
pub struct Normalised {
    /// `activation((x − mean) / √(variance + ε) · weight + bias)`, `[batch, channels, height, width]`.
    pub output: Tensor<4>,
    /// Mean and biased variance of the batch, `[channels]`, off the tape; nothing where they were given.
    pub of_batch: Option<[Tensor<1>; 2]>,
}

/// Normalises every channel of `[batch, channels, height, width]` (Ioffe and Szegedy, 2015), then applies
/// `activation`: by the mean and the variance given, `[channels]`, or else by those of the batch, through which
/// gradients then flow.
pub fn normalise(
    x: Tensor<4>,
    [weight, bias]: [Tensor<1>; 2],
    given: Option<[Tensor<1>; 2]>,
    epsilon: f64,
    activation: Activation,
) -> Normalised {
    match cpu::normalise(x, [weight, bias], given, epsilon, activation) {
        Ok(normalised) => normalised,
        Err((x, line, given)) => generic_normalise(x, line, given, epsilon, activation),
    }
}

/// [`normalise`] by burn's operations.
fn generic_normalise(
    x: Tensor<4>,
    [weight, bias]: [Tensor<1>; 2],
    given: Option<[Tensor<1>; 2]>,
    epsilon: f64,
    activation: Activation,
) -> Normalised {
    let (output, of_batch) = match given {
        Some([mean, variance]) => (batch_norm(x, weight, bias, mean, variance, epsilon), None),
        None => {
            let result = batch_norm_train(x, weight, bias, epsilon);
            let statistics = [result.mean, result.variance].map(Tensor::detach);
            (result.output, Some(statistics))
        }
    };
    Normalised {
        output: apply(activation, output),
        of_batch,
    }
}

fn apply(function: Activation, x: Tensor<4>) -> Tensor<4> {
    match function {
        Activation::None => x,
        Activation::Relu => activation::relu(x),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Silu => activation::silu(x),
    }
}

/// The mean of every map: `[batch, channels, height, width]` to `[batch, channels, 1, 1]`.
pub fn mean_of_maps(x: Tensor<4>) -> Tensor<4> {
    match cpu::mean_of_maps(x) {
        Ok(mean) => mean,
        Err(x) => x.mean_dim(3).mean_dim(2),
    }
}

/// `x · sigmoid(gate(mean of x))`: maps `[batch, channels, height, width]`, each weighed by its own number, which
/// `gate` makes of the maps' means, both `[batch, channels, 1, 1]` (Hu et al., 2018).
pub fn weigh_by_mean(x: Tensor<4>, gate: impl FnOnce(Tensor<4>) -> Tensor<4>) -> Tensor<4> {
    match cpu::weigh_by_mean(x, gate) {
        Ok(weighed) => weighed,
        Err((x, gate)) => {
            let weights = gate(x.clone().mean_dim(3).mean_dim(2));
            x * activation::sigmoid(weights)
        }
    }
}

/// `activation(main(x) + x)`: maps beside a shortcut. `main` keeps their shape and their tape.
pub fn residual(
    x: Tensor<4>,
    activation: Activation,
    main: impl FnOnce(Tensor<4>) -> Tensor<4>,
) -> Tensor<4> {
    match cpu::residual(x, activation, main) {
        Ok(sum) => sum,
        Err((x, main)) => apply(activation, main(x.clone()) + x),
    }
}

/// `activation(x + y)` of maps of one shape.
pub fn add(x: Tensor<4>, y: Tensor<4>, activation: Activation) -> Tensor<4> {
    match cpu::add(x, y, activation) {
        Ok(sum) => sum,
        Err((x, y)) => apply(activation, x + y),
    }
}

/// Adam's mean and uncentred variance of a weight's gradients; nothing before the first step, when both are zero.
pub type AdamState<const D: usize> = Option<[Tensor<D>; 2]>;

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
