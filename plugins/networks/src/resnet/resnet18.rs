//! The stage `resnet18`.

use ichflow_api::prelude::*;

use super::{Blocks, Plan};
use crate::stage::backbone;

backbone! {
    /// ResNet-18 (He et al., 2016): 11.2 million parameters without the classifier, of plain 3×3 convolutions.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    ResNet18, "resnet18": "ResNet-18, random or from timm's or torchvision's weights",
    example = "[network]\nuse = \"resnet18\"\nweights = \"weights/resnet18.a1_in1k.safetensors\"\n",
    architecture = |_: &ResNet18| Plan {
        name: ResNet18::NAME,
        timm: "resnet18",
        blocks: Blocks::Basic,
        depths: [2, 2, 2, 2],
    }
}
