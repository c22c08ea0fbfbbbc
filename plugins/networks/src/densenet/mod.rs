//! DenseNet (Huang et al., 2017).

mod densenet121;
mod layers;

pub use densenet121::DenseNet121;

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::layers::{Activation, BatchNorm2d};
use ichflow_api::nn::{Backbone, ForwardContext};

use self::layers::{DenseBlock, DenseLayer, Transition};
use crate::architecture::Architecture;
use crate::blocks::{Convolution, Numbered, Style};

/// Maps of the first convolution.
const STEM: usize = 64;
/// Maps every layer adds.
const GROWTH: usize = 32;

/// Everything that tells one DenseNet from another.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The stage's name, which is timm's.
    pub name: &'static str,
    /// How many layers each block has.
    pub depths: [usize; 4],
}

/// A DenseNet without its classifier; parameters have timm's names, which are torchvision's too.
#[derive(Module, Debug)]
pub struct DenseNet {
    /// All but the classifier.
    pub features: Features,
}

/// The layers of a [`DenseNet`].
#[derive(Module, Debug)]
pub struct Features {
    /// The first convolution, 7×7 of stride 2.
    pub conv0: Conv2d,
    /// Follows `conv0`; then comes a maximum over 3×3 of stride 2.
    pub norm0: BatchNorm2d,
    /// On a quarter of the image's side.
    pub denseblock1: DenseBlock,
    /// Half the maps, half the side.
    pub transition1: Transition,
    /// On an eighth.
    pub denseblock2: DenseBlock,
    /// Half the maps, half the side.
    pub transition2: Transition,
    /// On a sixteenth.
    pub denseblock3: DenseBlock,
    /// Half the maps, half the side.
    pub transition3: Transition,
    /// On a thirty-second.
    pub denseblock4: DenseBlock,
    /// Follows the last block.
    pub norm5: BatchNorm2d,
    count: usize,
    #[module(skip)]
    style: Style,
}

impl DenseNet {
    /// A network with random weights for images of `channels` channels.
    pub fn new(plan: &Plan, channels: usize, device: &Device) -> Self {
        let style = Style::pytorch(Activation::Relu);
        let block = |inputs: usize, depth: usize| {
            let layers =
                (0..depth).map(|index| DenseLayer::new(inputs + index * GROWTH, GROWTH, style, device));
            Numbered::new("denselayer", layers.collect())
        };
        let transition = |inputs: usize| Transition::new(inputs, style, device);
        let grown = |inputs: usize, index: usize| inputs + plan.depths[index] * GROWTH;
        let first = grown(STEM, 0);
        let second = grown(first / 2, 1);
        let third = grown(second / 2, 2);
        let last = grown(third / 2, 3);
        let features = Features {
            conv0: style.convolution(Convolution::new(channels, STEM, 7).stride(2), device),
            norm0: style.norm(STEM, device),
            denseblock1: block(STEM, plan.depths[0]),
            transition1: transition(first),
            denseblock2: block(first / 2, plan.depths[1]),
            transition2: transition(second),
            denseblock3: block(second / 2, plan.depths[2]),
            transition3: transition(third),
            denseblock4: block(third / 2, plan.depths[3]),
            norm5: style.norm(last, device),
            count: last,
            style,
        };
        Self { features }
    }
}

impl Backbone for DenseNet {
    fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let all = &self.features;
        let style = &all.style;
        let stem = style.conv_norm_act(&all.conv0, &all.norm0, images, context);
        let maps = max_pool2d(
            stem,
            MaxPoolOptions::new([3, 3])
                .with_stride([2, 2])
                .with_padding([1, 1]),
        );
        let maps = dense(&all.denseblock1, maps, context);
        let maps = all.transition1.forward(maps, context);
        let maps = dense(&all.denseblock2, maps, context);
        let maps = all.transition2.forward(maps, context);
        let maps = dense(&all.denseblock3, maps, context);
        let maps = all.transition3.forward(maps, context);
        let maps = dense(&all.denseblock4, maps, context);
        style.activation.apply(all.norm5.forward(maps, context))
    }

    fn feature_count(&self) -> usize {
        self.features.count
    }
}

/// Every layer sees the maps of all before it, and adds its own.
fn dense(block: &DenseBlock, maps: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
    block.iter().fold(maps, |maps, layer| {
        Tensor::cat(vec![maps.clone(), layer.forward(maps, context)], 1)
    })
}

impl Architecture for Plan {
    type Backbone = DenseNet;

    fn name(&self) -> String {
        self.name.into()
    }

    fn timm_name(&self) -> String {
        self.name.into()
    }

    fn backbone(&self, channels: usize, device: &Device) -> DenseNet {
        DenseNet::new(self, channels, device)
    }

    fn first_convolution(&self) -> &'static str {
        "features.conv0.weight"
    }

    /// The first files of torchvision have a dot before the numbers of a layer's parts: `norm.1`.
    fn rename(&self, name: &str) -> String {
        let dotted = [
            ("norm.1", "norm1"),
            ("conv.1", "conv1"),
            ("norm.2", "norm2"),
            ("conv.2", "conv2"),
        ];
        let inside = name.split('.').any(|part| part.starts_with("denselayer"));
        let known = dotted
            .iter()
            .find(|(theirs, _)| inside && name.contains(&format!(".{theirs}.")));
        match known {
            Some((theirs, ours)) => name.replace(&format!(".{theirs}."), &format!(".{ours}.")),
            None => name.to_owned(),
        }
    }
}
