//! What all layers of an architecture have in common.

use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::ForwardContext;
use ichflow_api::nn::layers::{Activation, BatchNorm2d, convolve};

use super::{Convolution, Padding};

/// Padding, activation and batch normalisation of an architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// How convolutions pad.
    pub padding: Padding,
    /// What follows a normalisation.
    pub activation: Activation,
    /// Added to the variance by batch normalisation.
    pub epsilon: f64,
    /// Weight of the newest batch in batch normalisation's moving averages.
    pub momentum: f64,
}

impl Style {
    /// PyTorch's habits: symmetric padding, epsilon 1e-5, momentum 0.1.
    pub fn pytorch(activation: Activation) -> Self {
        Self {
            padding: Padding::Symmetric,
            activation,
            epsilon: 1e-5,
            momentum: 0.1,
        }
    }

    /// TensorFlow's habits as timm's `tf_` models have them: "same" padding and epsilon 1e-3.
    pub fn tensorflow(activation: Activation) -> Self {
        Self {
            padding: Padding::Same,
            epsilon: 1e-3,
            ..Self::pytorch(activation)
        }
    }

    /// A convolution padded in this style.
    pub fn convolution(&self, convolution: Convolution, device: &Device) -> Conv2d {
        convolution.padding(self.padding).init(device)
    }

    /// A normalisation layer of this style.
    pub fn norm(&self, channels: usize, device: &Device) -> BatchNorm2d {
        BatchNorm2d::new(channels, self.epsilon, self.momentum, device)
    }

    /// Convolution, normalisation, activation.
    pub fn conv_norm_act(
        &self,
        convolution: &Conv2d,
        norm: &BatchNorm2d,
        x: Tensor<4>,
        context: &ForwardContext,
    ) -> Tensor<4> {
        norm.forward_then(self.activation, convolve(convolution, x, context), context)
    }
}
