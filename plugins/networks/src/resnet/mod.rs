//! ResNet (He et al., 2016), ResNeXt (Xie et al., 2017), and with squeeze-and-excitation (Hu et al., 2018).

mod resnet18;
mod resnet34;
mod resnet50;
mod resnext50;
mod se_resnext50;

pub use resnet18::ResNet18;
pub use resnet34::ResNet34;
pub use resnet50::ResNet50;
pub use resnext50::ResNext50;
pub use se_resnext50::SeResNext50;

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::layers::{Activation, BatchNorm2d};
use ichflow_api::nn::{AnyBackbone, Backbone, ForwardContext};

use crate::architecture::Architecture;
use crate::blocks::{BasicBlock, Bottleneck, BottleneckConfig, Convolution, Style};

/// Which blocks a residual network is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// Two 3×3 convolutions.
    Basic,
    /// A 3×3 convolution between two of 1×1.
    Bottleneck {
        /// Groups of the 3×3 convolution.
        groups: usize,
        /// Maps of a group where the block is 64 wide.
        width: usize,
        /// Whether there is squeeze-and-excitation, with a sixteenth of the outputs inside.
        squeeze_excite: bool,
    },
}

/// Everything that tells one residual network from another.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The stage's name.
    pub name: &'static str,
    /// timm's name.
    pub timm: &'static str,
    /// The blocks.
    pub blocks: Blocks,
    /// How many blocks there are of each size.
    pub depths: [usize; 4],
}

/// A residual network without its classifier; parameters have timm's names, which are torchvision's too.
#[derive(Module, Debug)]
pub struct ResNet {
    /// The first convolution, 7×7 of stride 2.
    pub conv1: Conv2d,
    /// Follows `conv1`; then comes a maximum over 3×3 of stride 2.
    pub bn1: BatchNorm2d,
    /// On a quarter of the image's side.
    pub layer1: Vec<AnyBackbone>,
    /// On an eighth.
    pub layer2: Vec<AnyBackbone>,
    /// On a sixteenth.
    pub layer3: Vec<AnyBackbone>,
    /// On a thirty-second.
    pub layer4: Vec<AnyBackbone>,
    features: usize,
    #[module(skip)]
    style: Style,
}

impl ResNet {
    /// A network with random weights for images of `channels` channels.
    pub fn new(plan: &Plan, channels: usize, device: &Device) -> Self {
        let style = Style::pytorch(Activation::Relu);
        let mut inputs = 64;
        let mut layer = |index: usize| {
            let width = 64 << index;
            let blocks = (0..plan.depths[index]).map(|place| {
                let stride = if place == 0 && index > 0 { 2 } else { 1 };
                let block = block(plan.blocks, inputs, width, stride, style, device);
                inputs = block.feature_count();
                block
            });
            blocks.collect::<Vec<_>>()
        };
        let (layer1, layer2, layer3, layer4) = (layer(0), layer(1), layer(2), layer(3));
        Self {
            conv1: style.convolution(Convolution::new(channels, 64, 7).stride(2), device),
            bn1: style.norm(64, device),
            layer1,
            layer2,
            layer3,
            layer4,
            features: inputs,
            style,
        }
    }
}

fn block(
    blocks: Blocks,
    inputs: usize,
    width: usize,
    stride: usize,
    style: Style,
    device: &Device,
) -> AnyBackbone {
    match blocks {
        Blocks::Basic => AnyBackbone::new(
            BasicBlock::new([inputs, width], stride, style, device).zero_init_residual(device),
        ),
        Blocks::Bottleneck {
            groups,
            width: base,
            squeeze_excite,
        } => {
            let outputs = 4 * width;
            let config = BottleneckConfig {
                inputs,
                inner: width * base / 64 * groups,
                outputs,
                stride,
                groups,
                se: squeeze_excite.then_some(outputs / 16),
            };
            AnyBackbone::new(Bottleneck::new(config, style, device))
        }
    }
}

impl Backbone for ResNet {
    fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let stem = self.style.conv_norm_act(&self.conv1, &self.bn1, images, context);
        let stem = max_pool2d(
            stem,
            MaxPoolOptions::new([3, 3])
                .with_stride([2, 2])
                .with_padding([1, 1]),
        );
        let layers = [&self.layer1, &self.layer2, &self.layer3, &self.layer4];
        let blocks = layers.into_iter().flatten();
        blocks.fold(stem, |maps, block| block.features(maps, context))
    }

    fn feature_count(&self) -> usize {
        self.features
    }

    fn classifier_name(&self) -> &'static str {
        "fc"
    }
}

impl Architecture for Plan {
    type Backbone = ResNet;

    fn name(&self) -> String {
        self.name.into()
    }

    fn timm_name(&self) -> String {
        self.timm.into()
    }

    fn backbone(&self, channels: usize, device: &Device) -> ResNet {
        ResNet::new(self, channels, device)
    }

    fn first_convolution(&self) -> &'static str {
        "conv1.weight"
    }
}
