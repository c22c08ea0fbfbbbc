//! The layers a network spends its time in, called in one place.
//!
//! A backbone that runs its convolutions through [`convolve`] instead of their own `forward` gets what is
//! faster on the device at hand and is counted in the model summary; the numbers are the same.

use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

use crate::summary;

/// Applies a convolution to `[batch, channels, height, width]`.
pub fn convolve(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let y = layer.forward(x);
    // Of a kernel `[outputs, inputs / groups, height, width]` every output value takes all but the first.
    let [_, inputs, height, width] = layer.weight.dims();
    summary::seen(layer.weight.id, y.dims(), inputs * height * width);
    y
}

/// Applies a linear layer to `[batch, features]`.
pub fn project(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    let y = layer.forward(x);
    let [inputs, _] = layer.weight.dims();
    summary::seen(layer.weight.id, y.dims(), inputs);
    y
}
