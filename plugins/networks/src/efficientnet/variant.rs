//! The two kinds of EfficientNet in circulation.

use ichflow_api::nn::layers::Activation;
use ichflow_api::prelude::*;

use crate::blocks::Style;

/// Details in which ports of EfficientNet differ; weights of one are no good in the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Symmetric padding and epsilon 1e-5: timm's `efficientnet_b0` and so on, and torchvision's.
    #[default]
    Timm,
    /// TensorFlow's "same" padding and epsilon 1e-3: timm's `tf_efficientnet_b0` and so on.
    Tf,
}

impl Variant {
    /// Padding, activation and normalisation.
    pub fn style(self) -> Style {
        match self {
            Self::Timm => Style::pytorch(Activation::Silu),
            Self::Tf => Style::tensorflow(Activation::Silu),
        }
    }
}
