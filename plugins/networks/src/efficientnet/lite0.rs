//! The stage `efficientnet-lite0`.

use ichflow_api::prelude::*;

use super::{Lite, Plan};
use crate::stage::backbone;

backbone! {
    /// EfficientNet-Lite0: B0 without squeeze-and-excitation and with ReLU6, TensorFlow's "same" padding;
    /// 3.4 million parameters without the classifier. Somewhat faster than B0, and good to export.
    ///
    /// Weights are files with the parameter names of timm's `tf_efficientnet_lite0` or of the EfficientNet-PyTorch
    /// package (`efficientnet-lite0-57934424.pth`), safetensors or `.pth`, or timm's models on the hub.
    EfficientNetLite0, "efficientnet-lite0": "EfficientNet-Lite0, random or from published weights",
    example = "[network]\nuse = \"efficientnet-lite0\"\nweights = \"weights/efficientnet-lite0-57934424.pth\"\n",
    architecture = |_: &EfficientNetLite0| Lite {
        name: EfficientNetLite0::NAME,
        plan: Plan::lite(1.0, 1.0),
    }
}
