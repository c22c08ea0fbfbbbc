//! Squeeze-and-excitation as residual networks have it.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor, activation};
use ichflow_api::nn::ForwardContext;
use ichflow_api::nn::layers::{convolve, squeeze_excite};

use super::Convolution;

/// Squeeze-and-excitation (Hu et al., 2018) with ReLU inside, under the names of timm's residual networks.
#[derive(Module, Debug)]
pub struct ChannelGate {
    /// From all channels to few.
    pub fc1: Conv2d,
    /// From few channels to one weight for each.
    pub fc2: Conv2d,
}

impl ChannelGate {
    /// A fresh layer for `channels` maps, with `reduced` values in between.
    pub fn new(channels: usize, reduced: usize, device: &Device) -> Self {
        Self {
            fc1: Convolution::new(channels, reduced, 1).bias().init(device),
            fc2: Convolution::new(reduced, channels, 1).bias().init(device),
        }
    }

    /// Weighs the channels of `[batch, channels, height, width]`.
    pub fn forward(&self, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let gate = |means| {
            let reduced = activation::relu(convolve(&self.fc1, means, context));
            convolve(&self.fc2, reduced, context)
        };
        squeeze_excite(x, gate, context)
    }
}
