//! The stage `efficientnet-b1`.

use ichflow_api::prelude::*;

use super::{Scaled, Variant};
use crate::stage::backbone;

backbone! {
    /// EfficientNet-B1 (Tan and Le, 2019): B0 and a tenth deeper; 6.5 million parameters without the classifier. Its
    /// authors show it images of 240 pixels.
    ///
    /// Weights are files with the parameter names of timm or torchvision, safetensors or `.pth`, or timm's models
    /// on the hub.
    EfficientNetB1, "efficientnet-b1": "EfficientNet-B1, random or from timm's weights",
    example = "[network]\nuse = \"efficientnet-b1\"\nweights = \"weights/efficientnet_b1.ft_in1k.safetensors\"\ndropout = 0.125\n",
    {
        /// Which of timm's two kinds: `timm`, or `tf` for weights that came from TensorFlow.
        variant: Variant = Variant::Timm,
    },
    architecture = |stage: &EfficientNetB1| Scaled::new(EfficientNetB1::NAME, stage.variant, 1.0, 1.1)
}
