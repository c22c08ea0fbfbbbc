//! The layers DenseNets are made of.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::ForwardContext;
use ichflow_api::nn::layers::{BatchNorm2d, convolve};

use crate::blocks::{Convolution, Numbered, Style};

/// Layers of which each sees the maps of all before it.
pub(super) type DenseBlock = Numbered<DenseLayer>;

/// A 1×1 and a 3×3 convolution, each after its normalisation.
#[derive(Module, Debug)]
pub struct DenseLayer {
    /// Before `conv1`.
    pub norm1: BatchNorm2d,
    /// To four times as many maps as the layer gives.
    pub conv1: Conv2d,
    /// Before `conv2`.
    pub norm2: BatchNorm2d,
    /// To the maps the layer gives.
    pub conv2: Conv2d,
    #[module(skip)]
    style: Style,
}

impl DenseLayer {
    /// A fresh layer that makes `growth` maps.
    pub fn new(inputs: usize, growth: usize, style: Style, device: &Device) -> Self {
        let inner = 4 * growth;
        Self {
            norm1: style.norm(inputs, device),
            conv1: style.convolution(Convolution::new(inputs, inner, 1), device),
            norm2: style.norm(inner, device),
            conv2: style.convolution(Convolution::new(inner, growth, 3), device),
            style,
        }
    }

    /// New maps, of `[batch, inputs, height, width]`.
    pub fn forward(&self, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let activation = self.style.activation;
        let x = activation.apply(self.norm1.forward(x, context));
        let y = convolve(&self.conv1, x, context);
        let y = activation.apply(self.norm2.forward(y, context));
        convolve(&self.conv2, y, context)
    }
}

/// Halves the number of maps and their sides.
#[derive(Module, Debug)]
pub struct Transition {
    /// Before `conv`.
    pub norm: BatchNorm2d,
    /// To half as many maps; then come averages over 2×2.
    pub conv: Conv2d,
    #[module(skip)]
    style: Style,
}

impl Transition {
    /// A fresh layer.
    pub fn new(inputs: usize, style: Style, device: &Device) -> Self {
        Self {
            norm: style.norm(inputs, device),
            conv: style.convolution(Convolution::new(inputs, inputs / 2, 1), device),
            style,
        }
    }

    /// `[batch, inputs, height, width]` to `[batch, inputs / 2, height / 2, width / 2]`.
    pub fn forward(&self, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let x = self.style.activation.apply(self.norm.forward(x, context));
        let y = convolve(&self.conv, x, context);
        avg_pool2d(y, AvgPoolOptions::new([2, 2]).with_stride([2, 2]))
    }
}
