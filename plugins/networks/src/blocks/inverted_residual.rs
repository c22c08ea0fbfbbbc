//! The inverted residual block.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::layers::{Activation, BatchNorm2d, convolve, residual};
use ichflow_api::nn::{Backbone, ForwardContext};

use super::{Convolution, SqueezeExcite, Style};

/// Shape of an [`InvertedResidual`].
#[derive(Clone, Copy, Debug)]
pub struct InvertedResidualConfig {
    /// Number of maps that go in.
    pub inputs: usize,
    /// Number of maps that come out.
    pub outputs: usize,
    /// How many times more maps there are in between.
    pub expand: usize,
    /// Side of the depthwise kernel, in pixels.
    pub kernel: usize,
    /// Step of the depthwise convolution, in pixels.
    pub stride: usize,
    /// Number of values inside squeeze-and-excitation, if there is one.
    pub se: Option<usize>,
}

/// A 1×1 convolution to more maps, a depthwise one, squeeze-and-excitation, and a 1×1 convolution to
/// few maps (Sandler et al., 2018). The input is added to the output where their shapes agree.
#[derive(Module, Debug)]
pub struct InvertedResidual {
    /// To more maps.
    pub conv_pw: Conv2d,
    /// Follows `conv_pw`.
    pub bn1: BatchNorm2d,
    /// Every channel by itself.
    pub conv_dw: Conv2d,
    /// Follows `conv_dw`.
    pub bn2: BatchNorm2d,
    /// Weighs channels, where the architecture does.
    pub se: Option<SqueezeExcite>,
    /// To few maps.
    pub conv_pwl: Conv2d,
    /// Follows `conv_pwl`; nothing is applied to what it gives.
    pub bn3: BatchNorm2d,
    outputs: usize,
    residual: bool,
    #[module(skip)]
    style: Style,
}

impl InvertedResidual {
    /// A fresh block.
    pub fn new(config: InvertedResidualConfig, style: Style, device: &Device) -> Self {
        let InvertedResidualConfig { inputs, outputs, .. } = config;
        let inner = inputs * config.expand;
        let depthwise = Convolution::depthwise(inner, config.kernel).stride(config.stride);
        let se = config.se;
        Self {
            conv_pw: style.convolution(Convolution::new(inputs, inner, 1), device),
            bn1: style.norm(inner, device),
            conv_dw: style.convolution(depthwise, device),
            bn2: style.norm(inner, device),
            se: se.map(|reduced| SqueezeExcite::new(inner, reduced, style.activation, device)),
            conv_pwl: style.convolution(Convolution::new(inner, outputs, 1), device),
            bn3: style.norm(outputs, device),
            outputs,
            residual: config.stride == 1 && inputs == outputs,
            style,
        }
    }
}

impl Backbone for InvertedResidual {
    fn features(&self, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let main = |x| {
            let y = self.style.conv_norm_act(&self.conv_pw, &self.bn1, x, context);
            let y = self.style.conv_norm_act(&self.conv_dw, &self.bn2, y, context);
            let y = match &self.se {
                Some(se) => se.forward(y, context),
                None => y,
            };
            self.bn3.forward(convolve(&self.conv_pwl, y, context), context)
        };
        if self.residual {
            residual(x, Activation::None, main, context)
        } else {
            main(x)
        }
    }

    fn feature_count(&self) -> usize {
        self.outputs
    }
}
