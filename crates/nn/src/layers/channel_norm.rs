//! Layer normalisation over channels.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::module::layer_norm;
use burn::tensor::{Device, Tensor};

/// Normalises the channels of every place by themselves (Ba et al., 2016), with PyTorch's names.
#[derive(Module, Debug)]
pub struct ChannelNorm {
    /// Multiplied with the normalised values, `[channels]`.
    pub weight: Param<Tensor<1>>,
    /// Added to them, `[channels]`.
    pub bias: Param<Tensor<1>>,
    epsilon: f64,
}

impl ChannelNorm {
    /// A fresh layer; `epsilon` is added to the variance.
    pub fn new(channels: usize, epsilon: f64, device: &Device) -> Self {
        Self {
            weight: Initializer::Ones.init([channels], device),
            bias: Initializer::Zeros.init([channels], device),
            epsilon,
        }
    }

    /// Normalises `[…, channels]`: channels last.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        layer_norm(x, self.weight.val(), Some(self.bias.val()), self.epsilon)
    }

    /// Normalises maps, `[batch, channels, height, width]`.
    pub fn forward_maps(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward(x.permute([0, 2, 3, 1])).permute([0, 3, 1, 2])
    }
}
