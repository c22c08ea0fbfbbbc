//! The stage `se-resnext50-32x4d`.

use ichflow_api::prelude::*;

use super::{Blocks, Plan};
use crate::stage::backbone;

backbone! {
    /// ResNeXt-50 with 32 groups of 4 maps and squeeze-and-excitation (Hu et al., 2018), timm's
    /// `seresnext50_32x4d`: 25.5 million parameters without the classifier.
    ///
    /// Weights are files with the parameter names of timm, safetensors or `.pth`, or timm's models
    /// on the hub.
    SeResNext50, "se-resnext50-32x4d": "SE-ResNeXt-50 (32×4d), random or from timm's weights",
    example = "[network]\nuse = \"se-resnext50-32x4d\"\nweights = \"weights/seresnext50_32x4d.racm_in1k.safetensors\"\n",
    architecture = |_: &SeResNext50| Plan {
        name: SeResNext50::NAME,
        timm: "seresnext50_32x4d",
        blocks: Blocks::Bottleneck {
            groups: 32,
            width: 4,
            squeeze_excite: true,
        },
        depths: [3, 4, 6, 3],
    }
}
