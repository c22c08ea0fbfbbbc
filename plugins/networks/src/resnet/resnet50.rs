//! The stage `resnet50`.

use ichflow_api::prelude::*;

use super::{Blocks, Plan};
use crate::stage::backbone;

backbone! {
    /// ResNet-50 (He et al., 2016) with the stride in the 3×3 convolutions: 23.5 million parameters under the
    /// classifier.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    ResNet50, "resnet50": "ResNet-50, random or from timm's or torchvision's weights",
    example = "[network]\nuse = \"resnet50\"\nweights = \"weights/resnet50.a1_in1k.safetensors\"\n",
    architecture = |_: &ResNet50| Plan {
        name: ResNet50::NAME,
        timm: "resnet50",
        blocks: Blocks::Bottleneck {
            groups: 1,
            width: 64,
            squeeze_excite: false,
        },
        depths: [3, 4, 6, 3],
    }
}
