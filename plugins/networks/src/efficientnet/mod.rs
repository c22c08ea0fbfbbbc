//! EfficientNet (Tan and Le, 2019) and its lite variant.

mod b0;
mod b1;
mod b2;
mod b3;
mod b4;
mod lite0;
mod lite1;
mod lite2;
mod names;
mod variant;

pub use b0::EfficientNetB0;
pub use b1::EfficientNetB1;
pub use b2::EfficientNetB2;
pub use b3::EfficientNetB3;
pub use b4::EfficientNetB4;
pub use lite0::EfficientNetLite0;
pub use lite1::EfficientNetLite1;
pub use lite2::EfficientNetLite2;
pub use variant::Variant;

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::layers::{Activation, BatchNorm2d};
use ichflow_api::nn::{AnyBackbone, Backbone, ForwardContext, Normalisation};

use crate::architecture::Architecture;
use crate::blocks::{Convolution, DepthwiseSeparable, InvertedResidual, InvertedResidualConfig, Style};

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
    /// An EfficientNet `width` times as wide and `depth` times as deep as B0.
    pub fn scaled(width: f64, depth: f64, style: Style) -> Self {
        let rows = base_rows().map(|row| Row {
            repeat: deeper(row.repeat, depth),
            outputs: wider(row.outputs, width),
            ..row
        });
        Self {
            stem: wider(32, width),
            rows: rows.to_vec(),
            head: wider(1280, width),
            squeeze_excite: true,
            style,
        }
    }

    /// A lite one, which has no squeeze-and-excitation, and whose first and last layers are not scaled.
    pub fn lite(width: f64, depth: f64) -> Self {
        let mut plan = Self {
            stem: 32,
            head: 1280,
            squeeze_excite: false,
            ..Self::scaled(width, depth, Style::tensorflow(Activation::Relu6))
        };
        let last = plan.rows.len() - 1;
        plan.rows[0].repeat = 1;
        plan.rows[last].repeat = 1;
        plan
    }
}

/// The table of B0.
fn base_rows() -> [Row; 7] {
    let row = |kernel, repeat, outputs, expand, stride| Row {
        kernel,
        repeat,
        outputs,
        expand,
        stride,
    };
    [
        row(3, 1, 16, 1, 1),
        row(3, 2, 24, 6, 2),
        row(5, 2, 40, 6, 2),
        row(3, 3, 80, 6, 2),
        row(5, 3, 112, 6, 1),
        row(5, 4, 192, 6, 2),
        row(3, 1, 320, 6, 1),
    ]
}

/// Blocks of a row `depth` times as deep.
fn deeper(repeat: usize, depth: f64) -> usize {
    (repeat as f64 * depth).ceil() as usize
}

/// Maps of a layer `width` times as wide: the nearest multiple of 8, and not under nine tenths.
fn wider(maps: usize, width: f64) -> usize {
    let wanted = maps as f64 * width;
    let nearest = ((wanted + 4.0) / 8.0) as usize * 8;
    let nearest = nearest.max(8);
    if (nearest as f64) < 0.9 * wanted {
        nearest + 8
    } else {
        nearest
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
    fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let stem = self
            .style
            .conv_norm_act(&self.conv_stem, &self.bn1, images, context);
        let maps = self
            .blocks
            .iter()
            .flatten()
            .fold(stem, |maps, block| block.features(maps, context));
        self.style
            .conv_norm_act(&self.conv_head, &self.bn2, maps, context)
    }

    fn feature_count(&self) -> usize {
        self.features
    }
}

/// The architecture behind a stage with squeeze-and-excitation.
struct Scaled {
    name: &'static str,
    variant: Variant,
    plan: Plan,
}

impl Scaled {
    fn new(name: &'static str, variant: Variant, width: f64, depth: f64) -> Self {
        let plan = Plan::scaled(width, depth, variant.style());
        Self { name, variant, plan }
    }
}

impl Architecture for Scaled {
    type Backbone = EfficientNet;

    fn name(&self) -> String {
        match self.variant {
            Variant::Timm => self.name.into(),
            Variant::Tf => format!("{} (tf)", self.name),
        }
    }

    fn timm_name(&self) -> String {
        let name = self.name.replace('-', "_");
        match self.variant {
            Variant::Timm => name,
            Variant::Tf => format!("tf_{name}"),
        }
    }

    fn backbone(&self, channels: usize, device: &Device) -> EfficientNet {
        EfficientNet::new(&self.plan, channels, device)
    }

    fn first_convolution(&self) -> &'static str {
        "conv_stem.weight"
    }

    fn rename(&self, name: &str) -> String {
        names::rename(name, &self.plan.rows)
    }
}

/// The architecture behind a lite stage.
struct Lite {
    name: &'static str,
    plan: Plan,
}

impl Architecture for Lite {
    type Backbone = EfficientNet;

    fn name(&self) -> String {
        self.name.into()
    }

    fn timm_name(&self) -> String {
        format!("tf_{}", self.name.replace('-', "_"))
    }

    fn backbone(&self, channels: usize, device: &Device) -> EfficientNet {
        EfficientNet::new(&self.plan, channels, device)
    }

    fn first_convolution(&self) -> &'static str {
        "conv_stem.weight"
    }

    fn rename(&self, name: &str) -> String {
        names::rename(name, &self.plan.rows)
    }

    /// `(x − 127) / 128` for values 0 to 255, as the published files were trained with.
    fn weights_normalisation(&self) -> Normalisation {
        Normalisation {
            mean: vec![127.0 / 255.0],
            std: vec![128.0 / 255.0],
        }
    }
}
