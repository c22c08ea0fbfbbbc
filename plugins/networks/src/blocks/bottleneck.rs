//! The bottleneck residual block.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::layers::{BatchNorm2d, add, convolve, residual};
use ichflow_api::nn::{Backbone, ForwardContext};

use super::{ChannelGate, Convolution, Style};

/// Shape of a [`Bottleneck`].
#[derive(Clone, Copy, Debug)]
pub struct BottleneckConfig {
    /// Number of maps that go in.
    pub inputs: usize,
    /// Number of maps in between.
    pub inner: usize,
    /// Number of maps that come out.
    pub outputs: usize,
    /// Step of the 3×3 convolution, in pixels.
    pub stride: usize,
    /// Groups of the 3×3 convolution.
    pub groups: usize,
    /// Number of values inside squeeze-and-excitation, if there is one.
    pub se: Option<usize>,
}

/// A 1×1 convolution to few maps, a 3×3 one, and a 1×1 one to many, beside a shortcut (He et al., 2016, with the
/// stride in the middle); grouped in a ResNeXt (Xie et al., 2017), and with squeeze-and-excitation where the
/// architecture has it.
#[derive(Module, Debug)]
pub struct Bottleneck {
    /// To few maps.
    pub conv1: Conv2d,
    /// Follows `conv1`.
    pub bn1: BatchNorm2d,
    /// Carries the stride.
    pub conv2: Conv2d,
    /// Follows `conv2`.
    pub bn2: BatchNorm2d,
    /// To many maps.
    pub conv3: Conv2d,
    /// Follows `conv3`.
    pub bn3: BatchNorm2d,
    /// Weighs channels, where the architecture does.
    pub se: Option<ChannelGate>,
    /// A 1×1 convolution and its normalisation on the shortcut, where the shape changes.
    pub downsample: Option<(Conv2d, BatchNorm2d)>,
    outputs: usize,
    #[module(skip)]
    style: Style,
}

impl Bottleneck {
    /// A fresh block, which at first passes on its shortcut alone: its last scale starts at zero.
    pub fn new(config: BottleneckConfig, style: Style, device: &Device) -> Self {
        let BottleneckConfig {
            inputs,
            inner,
            outputs,
            stride,
            ..
        } = config;
        let conv = |convolution: Convolution| style.convolution(convolution, device);
        let middle = Convolution::new(inner, inner, 3)
            .stride(stride)
            .groups(config.groups);
        Self {
            conv1: conv(Convolution::new(inputs, inner, 1)),
            bn1: style.norm(inner, device),
            conv2: conv(middle),
            bn2: style.norm(inner, device),
            conv3: conv(Convolution::new(inner, outputs, 1)),
            bn3: style.norm(outputs, device).zero_init_residual(device),
            se: config
                .se
                .map(|reduced| ChannelGate::new(outputs, reduced, device)),
            downsample: (stride != 1 || inputs != outputs).then(|| {
                let shortcut = Convolution::new(inputs, outputs, 1).stride(stride);
                (conv(shortcut), style.norm(outputs, device))
            }),
            outputs,
            style,
        }
    }
}

impl Backbone for Bottleneck {
    fn features(&self, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let main = |x| {
            let y = self.style.conv_norm_act(&self.conv1, &self.bn1, x, context);
            let y = self.style.conv_norm_act(&self.conv2, &self.bn2, y, context);
            let y = self.bn3.forward(convolve(&self.conv3, y, context), context);
            match &self.se {
                Some(se) => se.forward(y, context),
                None => y,
            }
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
