//! The stage `efficientnet-lite2`.

use ichflow_api::prelude::*;

use super::{Lite, Plan};
use crate::stage::backbone;

backbone! {
    /// EfficientNet-Lite2: a tenth wider than Lite0 and a fifth deeper; 4.8 million parameters without the classifier.
    /// Its authors show it images of 260 pixels.
    ///
    /// Weights are files with the parameter names of timm's `tf_efficientnet_lite2` or of the EfficientNet-PyTorch
    /// package (`efficientnet-lite2-9656183e.pth`), safetensors or `.pth`, or timm's models on the hub.
    EfficientNetLite2, "efficientnet-lite2": "EfficientNet-Lite2, random or from published weights",
    example = "[network]\nuse = \"efficientnet-lite2\"\nweights = \"weights/efficientnet-lite2-9656183e.pth\"\n",
    architecture = |_: &EfficientNetLite2| Lite {
        name: EfficientNetLite2::NAME,
        plan: Plan::lite(1.1, 1.2),
    }
}
