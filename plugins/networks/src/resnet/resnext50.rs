//! The stage `resnext50-32x4d`.

use ichflow_api::prelude::*;

use super::{Blocks, Plan};
use crate::stage::backbone;

backbone! {
    /// ResNeXt-50 with 32 groups of 4 maps (Xie et al., 2017): 23.0 million parameters without the classifier.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    ResNext50, "resnext50-32x4d": "ResNeXt-50 (32×4d), random or from timm's or torchvision's weights",
    example = "[network]\nuse = \"resnext50-32x4d\"\nweights = \"weights/resnext50_32x4d.a1_in1k.safetensors\"\n",
    architecture = |_: &ResNext50| Plan {
        name: ResNext50::NAME,
        timm: "resnext50_32x4d",
        blocks: Blocks::Bottleneck {
            groups: 32,
            width: 4,
            squeeze_excite: false,
        },
        depths: [3, 4, 6, 3],
    }
}
