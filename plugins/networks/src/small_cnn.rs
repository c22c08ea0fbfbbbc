//! The stage `small-cnn`.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use ichflow_api::nn::layers::{Activation, BatchNorm2d};
use ichflow_api::nn::{HeadKind, Pool};
use ichflow_api::prelude::*;

use crate::architecture::Architecture;
use crate::blocks::{BasicBlock, Convolution, Style, space_to_depth};
use crate::normalise::Normalise;
use crate::parts;
use crate::stage::{describe, hand_on};

/// A small residual network for a CPU: a first convolution that sees every pixel, then three residual
/// blocks on maps of a quarter, an eighth and a sixteenth of the image's side.
///
/// It is meant for images of 96 to 128 pixels and for looking around: it trains on a laptop. Half of
/// its features are averages over the image and half are maxima, so that a small bright bleed counts
/// as much as a large one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmallCnn {
    /// Number of maps the first convolution makes; the blocks make one, two and four times as many.
    #[schemars(range(min = 4, max = 256))]
    pub width: usize,
    /// Share of the pooled features dropped while training, 0 to below 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub dropout: f64,
    /// What becomes of a feature map's values, one number a map.
    pub pool: Pool,
    /// What makes the labels' logits of the pooled features.
    pub head: HeadKind,
    /// Values in each label's own hidden layer, with `head = "per-label"`.
    #[schemars(range(min = 1, max = 4096))]
    pub hidden: usize,
}

impl Default for SmallCnn {
    fn default() -> Self {
        Self {
            width: 16,
            dropout: parts::DROPOUT,
            pool: Pool::default(),
            head: HeadKind::default(),
            hidden: parts::HIDDEN,
        }
    }
}

impl Stage for SmallCnn {
    const NAME: &'static str = "small-cnn";
    const FAMILY: Family = Family::Network;
    const SUMMARY: &'static str = "a small residual network that trains on a CPU";
    const EXAMPLE: &'static str = "[network]\nuse = \"small-cnn\"\nwidth = 24\n";

    fn ports() -> Ports {
        parts::ports()
    }

    fn describe(&self, inputs: &Descriptions) -> Descriptions {
        let architecture = SmallCnnArchitecture { width: self.width };
        let plan = parts::head_plan(self.pool, self.head, self.hidden, self.dropout);
        describe(architecture, plan, Normalise::None, inputs)
    }

    fn check(&self) -> Vec<Problem> {
        parts::check_dropout(self.dropout)
    }

    fn run(&self, inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        let architecture = SmallCnnArchitecture { width: self.width };
        let plan = parts::head_plan(self.pool, self.head, self.hidden, self.dropout);
        hand_on(architecture, None, plan, Normalise::None, inputs)
    }
}

ichflow_api::register!(SmallCnn);

struct SmallCnnArchitecture {
    width: usize,
}

impl Architecture for SmallCnnArchitecture {
    type Backbone = SmallCnnBackbone;

    fn name(&self) -> String {
        format!("{} of width {}", SmallCnn::NAME, self.width)
    }

    fn backbone(&self, channels: usize, device: &Device) -> SmallCnnBackbone {
        SmallCnnBackbone::new(channels, self.width, device)
    }

    /// timm has none.
    fn timm_name(&self) -> String {
        SmallCnn::NAME.into()
    }

    fn first_convolution(&self) -> &'static str {
        "conv1.weight"
    }
}

/// The backbone of [`SmallCnn`].
#[derive(Module, Debug)]
pub struct SmallCnnBackbone {
    /// The first convolution, of stride 2, on squares of 2×2 pixels: it sees 6×6 pixels.
    pub conv1: Conv2d,
    /// Follows `conv1`.
    pub bn1: BatchNorm2d,
    /// Residual blocks, of stride 1, 2 and 2.
    pub blocks: Vec<BasicBlock>,
    features: usize,
    #[module(skip)]
    style: Style,
}

impl SmallCnnBackbone {
    /// A network with random weights.
    pub fn new(channels: usize, width: usize, device: &Device) -> Self {
        let style = Style::pytorch(Activation::Relu);
        let block = |inputs, outputs, stride| BasicBlock::new([inputs, outputs], stride, style, device);
        Self {
            conv1: style.convolution(Convolution::new(4 * channels, width, 3).stride(2), device),
            bn1: style.norm(width, device),
            blocks: vec![
                block(width, width, 1),
                block(width, 2 * width, 2),
                block(2 * width, 4 * width, 2),
            ],
            features: 8 * width,
            style,
        }
    }
}

impl Backbone for SmallCnnBackbone {
    /// `[batch, 2 · maps, h, w]`: the maps, then every map's maximum all over.
    fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        self.features_of_maps(self.maps(images, context), context)
    }

    fn maps(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        // Convolving full-size images takes longest of all on a CPU, so squares of pixels become channels.
        let images = space_to_depth(images);
        let stem = self.style.conv_norm_act(&self.conv1, &self.bn1, images, context);
        self.blocks
            .iter()
            .fold(stem, |maps, block| block.features(maps, context))
    }

    fn features_of_maps(&self, maps: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
        let maxima = maps.clone().max_dim(3).max_dim(2).expand(maps.shape());
        // The head averages: over the maps themselves, and over equal values, which leaves the maxima.
        Tensor::cat(vec![maps, maxima], 1)
    }

    fn feature_count(&self) -> usize {
        self.features
    }
}
