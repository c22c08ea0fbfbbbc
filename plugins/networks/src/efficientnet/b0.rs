//! The stage `efficientnet-b0`.

use std::path::PathBuf;

use ichflow_api::prelude::*;

use super::{EfficientNet, Plan, names};
use crate::architecture::{Architecture, Factory};
use crate::blocks::{Activation, Style};
use crate::normalise::{Normalise, imagenet};
use crate::parts;

/// EfficientNet-B0 (Tan and Le, 2019): 4.0 million parameters under the classifier, with
/// squeeze-and-excitation. A good first choice on a GPU.
///
/// Weights are files with timm's parameter names, safetensors or `.pth`; a classifier in the file is
/// replaced by a fresh one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EfficientNetB0 {
    /// File with starting weights, `.safetensors` or `.pth`; random weights without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// Which of timm's two kinds: `timm`, or `tf` for weights that came from TensorFlow.
    pub variant: Variant,
    /// Share of the pooled features dropped while training, 0 to below 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub dropout: f64,
    /// What images are shifted and scaled by before the first layer.
    pub normalise: Normalise,
}

/// Details in which ports of EfficientNet differ; weights of one are no good in the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Symmetric padding and epsilon 1e-5: timm's `efficientnet_b0`.
    #[default]
    Timm,
    /// TensorFlow's "same" padding and epsilon 1e-3: timm's `tf_efficientnet_b0`.
    Tf,
}

impl Default for EfficientNetB0 {
    fn default() -> Self {
        Self {
            weights: None,
            variant: Variant::default(),
            dropout: 0.125,
            normalise: Normalise::default(),
        }
    }
}

impl Stage for EfficientNetB0 {
    const NAME: &'static str = "efficientnet-b0";
    const FAMILY: Family = Family::Network;
    const SUMMARY: &'static str = "EfficientNet-B0, random or from timm's weights";
    const EXAMPLE: &'static str = r#"[network]
use = "efficientnet-b0"
weights = "weights/efficientnet_b0.ra_in1k.safetensors"
dropout = 0.125
"#;

    fn ports(&self) -> Ports {
        parts::ports(self.weights.as_deref(), self.normalise)
    }

    fn check(&self) -> Vec<Problem> {
        parts::check_dropout(self.dropout)
    }

    fn reads(&self) -> Vec<ExternalPath> {
        parts::reads(self.weights.as_ref())
    }

    fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        let factory = Factory::new(
            B0::new(self.variant),
            self.weights.as_ref(),
            self.dropout,
            self.normalise,
        );
        Ok(Outputs::new().with("network", NetworkSpec::new(factory)))
    }
}

ichflow_api::register!(EfficientNetB0);

/// The architecture behind the stage.
struct B0 {
    variant: Variant,
    plan: Plan,
}

impl B0 {
    fn new(variant: Variant) -> Self {
        let style = match variant {
            Variant::Timm => Style::pytorch(Activation::Silu),
            Variant::Tf => Style::tensorflow(Activation::Silu),
        };
        Self {
            variant,
            plan: Plan::b0(true, style),
        }
    }
}

impl Architecture for B0 {
    type Backbone = EfficientNet;

    fn name(&self) -> String {
        match self.variant {
            Variant::Timm => EfficientNetB0::NAME.into(),
            Variant::Tf => format!("{} (tf)", EfficientNetB0::NAME),
        }
    }

    fn backbone(&self, channels: usize, device: &Device) -> EfficientNet {
        EfficientNet::new(&self.plan, channels, device)
    }

    fn parameter(&self, name: &str) -> Option<String> {
        names::parameter(name, &self.plan.rows)
    }

    fn fitting_weights(&self) -> &'static str {
        match self.variant {
            Variant::Timm => "weights of timm's efficientnet_b0, for instance efficientnet_b0.ra_in1k",
            Variant::Tf => {
                "weights of timm's tf_efficientnet_b0, for instance tf_efficientnet_b0.ns_jft_in1k"
            }
        }
    }

    fn weights_normalisation(&self) -> Normalisation {
        imagenet()
    }
}
