//! The stage `efficientnet-lite1`.

use ichflow_api::prelude::*;

use super::{Lite, Plan};
use crate::stage::backbone;

backbone! {
    /// EfficientNet-Lite1: a tenth deeper than Lite0; 4.1 million parameters without the classifier. Its authors show
    /// it images of 240 pixels.
    ///
    /// Weights are files with the parameter names of timm's `tf_efficientnet_lite1` or of the EfficientNet-PyTorch
    /// package (`efficientnet-lite1-77cc7160.pth`), safetensors or `.pth`, or timm's models on the hub.
    EfficientNetLite1, "efficientnet-lite1": "EfficientNet-Lite1, random or from published weights",
    example = "[network]\nuse = \"efficientnet-lite1\"\nweights = \"weights/efficientnet-lite1-77cc7160.pth\"\n",
    architecture = |_: &EfficientNetLite1| Lite {
        name: EfficientNetLite1::NAME,
        plan: Plan::lite(1.0, 1.1),
    }
}
