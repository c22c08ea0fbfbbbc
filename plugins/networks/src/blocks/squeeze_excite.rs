//! Squeeze-and-excitation.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::ForwardContext;
use ichflow_api::nn::layers::{Activation, convolve, squeeze_excite};

use super::Convolution;

/// Weighs channels by a small network that looks at their averages (Hu et al., 2018).
#[derive(Module, Debug)]
pub struct SqueezeExcite {
    /// From all channels to few.
    pub conv_reduce: Conv2d,
    /// From few channels to one weight for each.
    pub conv_expand: Conv2d,
    #[module(skip)]
    activation: Activation,
}

impl SqueezeExcite {
    /// A fresh layer for `channels` maps, with `reduced` values in between.
    pub fn new(channels: usize, reduced: usize, activation: Activation, device: &Device) -> Self {
        Self {
            conv_reduce: Convolution::new(channels, reduced, 1).bias().init(device),
            conv_expand: Convolution::new(reduced, channels, 1).bias().init(device),
            activation,
        }
    }

    /// Weighs the channels of `[batch, channels, height, width]`.
    pub fn forward(&self, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let gate = |means| {
            let reduced = self.activation.apply(convolve(&self.conv_reduce, means, context));
            convolve(&self.conv_expand, reduced, context)
        };
        squeeze_excite(x, gate, context)
    }
}
