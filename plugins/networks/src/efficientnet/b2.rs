//! The stage `efficientnet-b2`.

use ichflow_api::prelude::*;

use super::{Scaled, Variant};
use crate::stage::backbone;

backbone! {
    /// EfficientNet-B2 (Tan and Le, 2019): a tenth wider than B0 and a fifth deeper; 7.7 million parameters under
    /// the classifier. Its authors show it images of 260 pixels.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    EfficientNetB2, "efficientnet-b2": "EfficientNet-B2, random or from timm's weights",
    example = "[network]\nuse = \"efficientnet-b2\"\nweights = \"weights/efficientnet_b2.ra_in1k.safetensors\"\ndropout = 0.125\n",
    {
        /// Which of timm's two kinds: `timm`, or `tf` for weights that came from TensorFlow.
        variant: Variant = Variant::Timm,
    },
    architecture = |stage: &EfficientNetB2| Scaled::new(EfficientNetB2::NAME, stage.variant, 1.1, 1.2)
}
