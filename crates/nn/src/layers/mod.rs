//! The layers a network spends its time in, called in one place.
//!
//! A backbone that runs its convolutions through [`convolve`] instead of their own `forward`, its normalisation
//! through [`normalise`] and its means over maps through [`mean_of_maps`], gets what is faster on the device at
//! hand and is counted in the model summary; the numbers are the same but for rounding. On the CPU these are
//! the kernels of this crate, with their own gradients, elsewhere burn's operations.

mod channel_norm;
pub(crate) mod cpu;
pub(crate) mod observe;
mod precision;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};

use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::module::{batch_norm, batch_norm_train};
use burn::tensor::{Tensor, activation};

pub use self::channel_norm::ChannelNorm;
pub use self::precision::{Precision, in_precision};
pub use crate::kernels::activation::Activation;

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
    observe::seen(layer.weight.id, y.dims(), inputs * height * width);
    y
}

/// Applies a linear layer to `[batch, features]`.
pub fn project(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    let y = precision::lowered(layer, x, |layer, x| match cpu::project(layer, x) {
        Ok(y) => y,
        Err(x) => layer.forward(x),
    });
    let [inputs, _] = layer.weight.dims();
    observe::seen(layer.weight.id, y.dims(), inputs);
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
