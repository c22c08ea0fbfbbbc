//! The stage `resnet34`.

use ichflow_api::prelude::*;

use super::{Blocks, Plan};
use crate::stage::backbone;

backbone! {
    /// ResNet-34 (He et al., 2016): 21.3 million parameters without the classifier, of plain 3×3 convolutions.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    ResNet34, "resnet34": "ResNet-34, random or from timm's or torchvision's weights",
    example = "[network]\nuse = \"resnet34\"\nweights = \"weights/resnet34.a1_in1k.safetensors\"\n",
    architecture = |_: &ResNet34| Plan {
        name: ResNet34::NAME,
        timm: "resnet34",
        blocks: Blocks::Basic,
        depths: [3, 4, 6, 3],
    }
}
