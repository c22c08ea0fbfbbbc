//! ConvNeXt (Liu et al., 2022).

mod block;
mod names;
mod tiny;

pub use tiny::ConvNextTiny;

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::layers::{ChannelNorm, convolve};
use ichflow_api::nn::{Backbone, ForwardContext};

use self::block::Block;
use crate::architecture::Architecture;
use crate::blocks::{Convolution, Padding};

/// Added to the variance by every normalisation.
const EPSILON: f64 = 1e-6;
/// Standard deviation of random weights.
const DEVIATION: f64 = 0.02;

/// Everything that tells one ConvNeXt from another.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The stage's name.
    pub name: &'static str,
    /// How many blocks each of the four stages has.
    pub depths: [usize; 4],
    /// How many maps.
    pub widths: [usize; 4],
}

/// A ConvNeXt without its classifier; parameters have timm's names.
#[derive(Module, Debug)]
pub struct ConvNext {
    /// A 4×4 convolution of stride 4, and its normalisation.
    pub stem: (Conv2d, ChannelNorm),
    /// On a quarter of the image's side, an eighth, a sixteenth and a thirty-second.
    pub stages: Vec<Stage>,
    count: usize,
}

/// Blocks on maps of one size.
#[derive(Module, Debug)]
pub struct Stage {
    /// A normalisation and a 2×2 convolution of stride 2, but in the first stage.
    pub downsample: Option<(ChannelNorm, Conv2d)>,
    /// The blocks.
    pub blocks: Vec<Block>,
}

impl ConvNext {
    /// A network with random weights for images of `channels` channels.
    pub fn new(plan: &Plan, channels: usize, device: &Device) -> Self {
        let mut inputs = plan.widths[0];
        let stem = (
            patches(channels, inputs, 4, device),
            ChannelNorm::new(inputs, EPSILON, device),
        );
        let mut stages = Vec::new();
        for (index, (&depth, &width)) in plan.depths.iter().zip(&plan.widths).enumerate() {
            let downsample = (index > 0).then(|| {
                let norm = ChannelNorm::new(inputs, EPSILON, device);
                (norm, patches(inputs, width, 2, device))
            });
            inputs = width;
            let blocks = (0..depth).map(|_| Block::new(width, device)).collect();
            stages.push(Stage { downsample, blocks });
        }
        Self {
            stem,
            stages,
            count: inputs,
        }
    }
}

/// A convolution over squares that do not overlap.
fn patches(inputs: usize, outputs: usize, side: usize, device: &Device) -> Conv2d {
    Convolution::new(inputs, outputs, side)
        .stride(side)
        .padding(Padding::Valid)
        .bias()
        .deviation(DEVIATION)
        .init(device)
}

impl Backbone for ConvNext {
    fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let (conv, norm) = &self.stem;
        let mut maps = norm.forward_maps(convolve(conv, images, context));
        for stage in &self.stages {
            if let Some((norm, conv)) = &stage.downsample {
                maps = convolve(conv, norm.forward_maps(maps), context);
            }
            maps = stage
                .blocks
                .iter()
                .fold(maps, |maps, block| block.forward(maps, context));
        }
        maps
    }

    fn feature_count(&self) -> usize {
        self.count
    }

    fn classifier_name(&self) -> &'static str {
        "head.fc"
    }

    fn pooled_norm(&self) -> Option<f64> {
        Some(EPSILON)
    }
}

impl Architecture for Plan {
    type Backbone = ConvNext;

    fn name(&self) -> String {
        self.name.into()
    }

    fn timm_name(&self) -> String {
        self.name.replace('-', "_")
    }

    fn backbone(&self, channels: usize, device: &Device) -> ConvNext {
        ConvNext::new(self, channels, device)
    }

    fn first_convolution(&self) -> &'static str {
        "stem.0.weight"
    }

    fn rename(&self, name: &str) -> String {
        names::rename(name)
    }
}
