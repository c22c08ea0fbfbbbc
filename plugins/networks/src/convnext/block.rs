//! The block of ConvNeXt.

use burn::module::{Module, Param};
use burn::nn::conv::Conv2d;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation};
use ichflow_api::nn::ForwardContext;
use ichflow_api::nn::layers::{ChannelNorm, convolve, project};

use super::{DEVIATION, EPSILON};
use crate::blocks::Convolution;

/// What `gamma` starts as.
const LAYER_SCALE: f64 = 1e-6;

/// A 7×7 depthwise convolution, a normalisation, and two linear layers at every place, all of it scaled channel by
/// channel and added to the input.
#[derive(Module, Debug)]
pub struct Block {
    /// Every channel by itself.
    pub conv_dw: Conv2d,
    /// Follows `conv_dw`.
    pub norm: ChannelNorm,
    /// Mixes channels.
    pub mlp: Mlp,
    /// Scales what the block adds, `[channels]`.
    pub gamma: Param<Tensor<1>>,
}

/// Two linear layers with GELU between them.
#[derive(Module, Debug)]
pub struct Mlp {
    /// To four times as many channels.
    pub fc1: Linear,
    /// And back.
    pub fc2: Linear,
}

impl Block {
    /// A fresh block.
    pub fn new(channels: usize, device: &Device) -> Self {
        let depthwise = Convolution::depthwise(channels, 7).bias().deviation(DEVIATION);
        Self {
            conv_dw: depthwise.init(device),
            norm: ChannelNorm::new(channels, EPSILON, device),
            mlp: Mlp {
                fc1: linear(channels, 4 * channels, device),
                fc2: linear(4 * channels, channels, device),
            },
            gamma: Initializer::Constant { value: LAYER_SCALE }.init([channels], device),
        }
    }

    /// Maps in, maps of the same shape out.
    pub fn forward(&self, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let y = convolve(&self.conv_dw, x.clone(), context).permute([0, 2, 3, 1]);
        let [batch, height, width, channels] = y.dims();
        let places = self.norm.forward(y).reshape([batch * height * width, channels]);
        let inner = activation::gelu(project(&self.mlp.fc1, places, context));
        let outer = project(&self.mlp.fc2, inner, context) * self.gamma.val().unsqueeze::<2>();
        x + outer
            .reshape([batch, height, width, channels])
            .permute([0, 3, 1, 2])
    }
}

fn linear(inputs: usize, outputs: usize, device: &Device) -> Linear {
    let mut layer = LinearConfig::new(inputs, outputs)
        .with_bias(false)
        .with_initializer(Initializer::Normal {
            mean: 0.0,
            std: DEVIATION,
        })
        .init(device);
    layer.bias = Some(Initializer::Zeros.init([outputs], device));
    layer
}
