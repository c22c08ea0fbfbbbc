//! The basic residual block.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::layers::{BatchNorm2d, add, convolve, residual};
use ichflow_api::nn::{Backbone, ForwardContext};

use super::{Convolution, Style};

/// Two 3×3 convolutions beside a shortcut (He et al., 2016).
#[derive(Module, Debug)]
pub struct BasicBlock {
    /// Carries the stride.
    pub conv1: Conv2d,
    /// Follows `conv1`.
    pub bn1: BatchNorm2d,
    /// Keeps size and number of maps.
    pub conv2: Conv2d,
    /// Follows `conv2`.
    pub bn2: BatchNorm2d,
    /// A 1×1 convolution and its normalisation on the shortcut, where the shape changes.
    pub downsample: Option<(Conv2d, BatchNorm2d)>,
    outputs: usize,
    #[module(skip)]
    style: Style,
}

impl BasicBlock {
    /// A fresh block.
    pub fn new([inputs, outputs]: [usize; 2], stride: usize, style: Style, device: &Device) -> Self {
        let conv = |convolution: Convolution| style.convolution(convolution, device);
        Self {
            conv1: conv(Convolution::new(inputs, outputs, 3).stride(stride)),
            bn1: style.norm(outputs, device),
            conv2: conv(Convolution::new(outputs, outputs, 3)),
            bn2: style.norm(outputs, device),
            downsample: (stride != 1 || inputs != outputs).then(|| {
                let shortcut = Convolution::new(inputs, outputs, 1).stride(stride);
                (conv(shortcut), style.norm(outputs, device))
            }),
            outputs,
            style,
        }
    }

    /// A block that at first passes on its shortcut alone: its last scale starts at zero.
    #[must_use]
    pub fn zero_init_residual(mut self, device: &Device) -> Self {
        self.bn2 = self.bn2.zero_init_residual(device);
        self
    }
}

impl Backbone for BasicBlock {
    fn features(&self, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let main = |x| {
            let y = self.style.conv_norm_act(&self.conv1, &self.bn1, x, context);
            self.bn2.forward(convolve(&self.conv2, y, context), context)
        };
        match &self.downsample {
            Some((conv, norm)) => {
                let shortcut = norm.forward(convolve(conv, x.clone(), context), context);
                add(main(x), shortcut, self.style.activation, context)
            }
            None => residual(x, self.style.activation, main, context),
        }
    }

    fn feature_count(&self) -> usize {
        self.outputs
    }
}
