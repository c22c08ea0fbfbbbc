//! The stage `convnext-tiny`.

use ichflow_api::prelude::*;

use super::Plan;
use crate::stage::backbone;

backbone! {
    /// ConvNeXt-T (Liu et al., 2022): 27.8 million parameters without the classifier, with layer normalisation and
    /// nothing that depends on the batch.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    ConvNextTiny, "convnext-tiny": "ConvNeXt-T, random or from timm's or torchvision's weights",
    example = "[network]\nuse = \"convnext-tiny\"\nweights = \"weights/convnext_tiny.in12k_ft_in1k.safetensors\"\n",
    architecture = |_: &ConvNextTiny| Plan {
        name: ConvNextTiny::NAME,
        depths: [3, 3, 9, 3],
        widths: [96, 192, 384, 768],
    }
}
