//! The stage `densenet121`.

use ichflow_api::prelude::*;

use super::Plan;
use crate::stage::backbone;

backbone! {
    /// DenseNet-121 (Huang et al., 2017): 7.0 million parameters without the classifier. Every layer sees the maps of
    /// all before it, which takes memory while training.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    DenseNet121, "densenet121": "DenseNet-121, random or from timm's or torchvision's weights",
    example = "[network]\nuse = \"densenet121\"\nweights = \"weights/densenet121.ra_in1k.safetensors\"\n",
    architecture = |_: &DenseNet121| Plan {
        name: DenseNet121::NAME,
        depths: [6, 12, 24, 16],
    }
}
