//! EfficientNet (Tan and Le, 2019) and its lite variant.

mod b0;
mod lite0;
mod names;

pub use b0::{EfficientNetB0, Variant};
pub use lite0::EfficientNetLite0;

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use ichflow_api::network::{AnyBackbone, Backbone};

use crate::blocks::{
    BatchNorm2d, Convolution, DepthwiseSeparable, InvertedResidual, InvertedResidualConfig, Style,
};

/// A row of the architecture's table: blocks alike but for the first one's stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Side of the depthwise kernel, in pixels.
    pub kernel: usize,
    /// Number of blocks.
    pub repeat: usize,
    /// Number of maps that come out.
    pub outputs: usize,
    /// How many times more maps there are inside; 1 makes depthwise-separable blocks.
    pub expand: usize,
    /// Step of the first block, in pixels.
    pub stride: usize,
}

/// Everything that tells one EfficientNet from another.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Maps the first convolution makes.
    pub stem: usize,
    /// The blocks.
    pub rows: Vec<Row>,
    /// Maps the last convolution makes.
    pub head: usize,
    /// Whether blocks weigh their channels by squeeze-and-excitation, with a quarter of the block's
    /// inputs inside.
    pub squeeze_excite: bool,
    /// Padding, activation and normalisation.
    pub style: Style,
}

impl Plan {
    /// The table of EfficientNet-B0.
    pub fn b0(squeeze_excite: bool, style: Style) -> Self {
        let row = |kernel, repeat, outputs, expand, stride| Row {
            kernel,
            repeat,
            outputs,
            expand,
            stride,
        };
        Self {
            stem: 32,
            rows: vec![
                row(3, 1, 16, 1, 1),
                row(3, 2, 24, 6, 2),
                row(5, 2, 40, 6, 2),
                row(3, 3, 80, 6, 2),
                row(5, 3, 112, 6, 1),
                row(5, 4, 192, 6, 2),
                row(3, 1, 320, 6, 1),
            ],
            head: 1280,
            squeeze_excite,
            style,
        }
    }
}

/// An EfficientNet without its classifier; parameters have timm's names.
#[derive(Module, Debug)]
pub struct EfficientNet {
    /// The first convolution, of stride 2.
    pub conv_stem: Conv2d,
    /// Follows `conv_stem`.
    pub bn1: BatchNorm2d,
    /// One list a row of the table.
    pub blocks: Vec<Vec<AnyBackbone>>,
    /// The last convolution, 1×1.
    pub conv_head: Conv2d,
    /// Follows `conv_head`.
    pub bn2: BatchNorm2d,
    features: usize,
    #[module(skip)]
    style: Style,
}

impl EfficientNet {
    /// A network with random weights for images of `channels` channels.
    pub fn new(plan: &Plan, channels: usize, device: &Device) -> Self {
        let style = plan.style;
        let mut inputs = plan.stem;
        let blocks = plan
            .rows
            .iter()
            .map(|row| {
                (0..row.repeat)
                    .map(|index| {
                        let stride = if index == 0 { row.stride } else { 1 };
                        let block = block(plan, row, inputs, stride, device);
                        inputs = row.outputs;
                        block
                    })
                    .collect()
            })
            .collect();
        Self {
            conv_stem: style.convolution(Convolution::new(channels, plan.stem, 3).stride(2), device),
            bn1: style.norm(plan.stem, device),
            blocks,
            conv_head: style.convolution(Convolution::new(inputs, plan.head, 1), device),
            bn2: style.norm(plan.head, device),
            features: plan.head,
            style,
        }
    }
}

fn block(plan: &Plan, row: &Row, inputs: usize, stride: usize, device: &Device) -> AnyBackbone {
    let Row {
        kernel,
        outputs,
        expand,
        ..
    } = *row;
    let se = plan.squeeze_excite.then_some((inputs / 4).max(1));
    if expand == 1 {
        let channels = [inputs, outputs];
        return AnyBackbone::new(DepthwiseSeparable::new(
            channels, kernel, stride, se, plan.style, device,
        ));
    }
    let config = InvertedResidualConfig {
        inputs,
        outputs,
        expand,
        kernel,
        stride,
        se,
    };
    AnyBackbone::new(InvertedResidual::new(config, plan.style, device))
}

impl Backbone for EfficientNet {
    fn features(&self, images: Tensor<4>) -> Tensor<4> {
        let stem = self.style.conv_norm_act(&self.conv_stem, &self.bn1, images);
        let maps = self
            .blocks
            .iter()
            .flatten()
            .fold(stem, |maps, block| block.features(maps));
        self.style.conv_norm_act(&self.conv_head, &self.bn2, maps)
    }

    fn feature_count(&self) -> usize {
        self.features
    }
}
