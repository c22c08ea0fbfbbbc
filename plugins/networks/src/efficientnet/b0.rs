//! The stage `efficientnet-b0`.

use ichflow_api::prelude::*;

use super::{Scaled, Variant};
use crate::stage::backbone;

backbone! {
    /// EfficientNet-B0 (Tan and Le, 2019): 4.0 million parameters without the classifier, with
    /// squeeze-and-excitation. A good first choice on a GPU.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    EfficientNetB0, "efficientnet-b0": "EfficientNet-B0, random or from timm's weights",
    example = "[network]\nuse = \"efficientnet-b0\"\nweights = \"weights/efficientnet_b0.ra_in1k.safetensors\"\ndropout = 0.125\n",
    {
        /// Which of timm's two kinds: `timm`, or `tf` for weights that came from TensorFlow.
        variant: Variant = Variant::Timm,
    },
    architecture = |stage: &EfficientNetB0| Scaled::new(EfficientNetB0::NAME, stage.variant, 1.0, 1.0)
}
