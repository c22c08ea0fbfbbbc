//! The depthwise-separable block.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::layers::{Activation, BatchNorm2d, convolve, residual};
use ichflow_api::nn::{Backbone, ForwardContext};

use super::{Convolution, SqueezeExcite, Style};

/// A depthwise convolution, squeeze-and-excitation, and a 1×1 convolution (Howard et al., 2017). The
/// input is added to the output where their shapes agree.
#[derive(Module, Debug)]
pub struct DepthwiseSeparable {
    /// Every channel by itself.
    pub conv_dw: Conv2d,
    /// Follows `conv_dw`.
    pub bn1: BatchNorm2d,
    /// Weighs channels, where the architecture does.
    pub se: Option<SqueezeExcite>,
    /// Mixes channels.
    pub conv_pw: Conv2d,
    /// Follows `conv_pw`; nothing is applied to what it gives.
    pub bn2: BatchNorm2d,
    outputs: usize,
    residual: bool,
    #[module(skip)]
    style: Style,
}

impl DepthwiseSeparable {
    /// A fresh block; `se` is the number of values inside squeeze-and-excitation, if there is one.
    pub fn new(
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        stride: usize,
        se: Option<usize>,
        style: Style,
        device: &Device,
    ) -> Self {
        let depthwise = Convolution::depthwise(inputs, kernel).stride(stride);
        Self {
            conv_dw: style.convolution(depthwise, device),
            bn1: style.norm(inputs, device),
            se: se.map(|reduced| SqueezeExcite::new(inputs, reduced, style.activation, device)),
            conv_pw: style.convolution(Convolution::new(inputs, outputs, 1), device),
            bn2: style.norm(outputs, device),
            outputs,
            residual: stride == 1 && inputs == outputs,
            style,
        }
    }
}

impl Backbone for DepthwiseSeparable {
    fn features(&self, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let main = |x| {
            let y = self.style.conv_norm_act(&self.conv_dw, &self.bn1, x, context);
            let y = match &self.se {
                Some(se) => se.forward(y, context),
                None => y,
            };
            self.bn2.forward(convolve(&self.conv_pw, y, context), context)
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
