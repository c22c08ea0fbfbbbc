//! The stage `efficientnet-b3`.

use ichflow_api::prelude::*;

use super::{Scaled, Variant};
use crate::stage::backbone;

backbone! {
    /// EfficientNet-B3 (Tan and Le, 2019): a fifth wider than B0 and two fifths deeper; 10.7 million parameters
    /// without the classifier. Its authors show it images of 300 pixels.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    EfficientNetB3, "efficientnet-b3": "EfficientNet-B3, random or from timm's weights",
    example = "[network]\nuse = \"efficientnet-b3\"\nweights = \"weights/efficientnet_b3.ra2_in1k.safetensors\"\ndropout = 0.125\n",
    {
        /// Which of timm's two kinds: `timm`, or `tf` for weights that came from TensorFlow.
        variant: Variant = Variant::Timm,
    },
    architecture = |stage: &EfficientNetB3| Scaled::new(EfficientNetB3::NAME, stage.variant, 1.2, 1.4)
}
