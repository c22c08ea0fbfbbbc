//! The stage `efficientnet-b4`.

use ichflow_api::prelude::*;

use super::{Scaled, Variant};
use crate::stage::backbone;

backbone! {
    /// EfficientNet-B4 (Tan and Le, 2019): two fifths wider than B0 and four fifths deeper; 17.5 million parameters
    /// without the classifier. Its authors show it images of 380 pixels.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    EfficientNetB4, "efficientnet-b4": "EfficientNet-B4, random or from timm's weights",
    example = "[network]\nuse = \"efficientnet-b4\"\nweights = \"weights/efficientnet_b4.ra2_in1k.safetensors\"\ndropout = 0.125\n",
    {
        /// Which of timm's two kinds: `timm`, or `tf` for weights that came from TensorFlow.
        variant: Variant = Variant::Timm,
    },
    architecture = |stage: &EfficientNetB4| Scaled::new(EfficientNetB4::NAME, stage.variant, 1.4, 1.8)
}
