//! The stage `efficientnet-lite0`.

use std::path::PathBuf;

use ichflow_api::prelude::*;

use super::{EfficientNet, Plan, names};
use crate::architecture::{Architecture, Factory};
use crate::blocks::{Activation, Style};
use crate::normalise::Normalise;
use crate::parts;

/// EfficientNet-Lite0: B0 without squeeze-and-excitation and with ReLU6, TensorFlow's "same" padding;
/// 3.4 million parameters under the classifier. Somewhat faster than B0, and good to export.
///
/// Weights are files with the parameter names of timm's `tf_efficientnet_lite0` or of the
/// EfficientNet-PyTorch package (`efficientnet-lite0-57934424.pth`), safetensors or `.pth`; a
/// classifier in the file is replaced by a fresh one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EfficientNetLite0 {
    /// File with starting weights, `.safetensors` or `.pth`; random weights without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// Share of the pooled features dropped while training, 0 to below 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub dropout: f64,
    /// What images are shifted and scaled by before the first layer.
    pub normalise: Normalise,
}

impl Default for EfficientNetLite0 {
    fn default() -> Self {
        Self {
            weights: None,
            dropout: 0.125,
            normalise: Normalise::default(),
        }
    }
}

impl Stage for EfficientNetLite0 {
    const NAME: &'static str = "efficientnet-lite0";
    const FAMILY: Family = Family::Network;
    const SUMMARY: &'static str = "EfficientNet-Lite0, random or from published weights";
    const EXAMPLE: &'static str = r#"[network]
use = "efficientnet-lite0"
weights = "weights/efficientnet-lite0-57934424.pth"
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
        let factory = Factory::new(Lite0::new(), self.weights.as_ref(), self.dropout, self.normalise);
        Ok(Outputs::new().with("network", NetworkSpec::new(factory)))
    }
}

ichflow_api::register!(EfficientNetLite0);

/// The architecture behind the stage.
struct Lite0 {
    plan: Plan,
}

impl Lite0 {
    fn new() -> Self {
        Self {
            plan: Plan::b0(false, Style::tensorflow(Activation::Relu6)),
        }
    }
}

impl Architecture for Lite0 {
    type Backbone = EfficientNet;

    fn name(&self) -> String {
        EfficientNetLite0::NAME.into()
    }

    fn backbone(&self, channels: usize, device: &Device) -> EfficientNet {
        EfficientNet::new(&self.plan, channels, device)
    }

    fn parameter(&self, name: &str) -> Option<String> {
        names::parameter(name, &self.plan.rows)
    }

    fn fitting_weights(&self) -> &'static str {
        "weights of timm's tf_efficientnet_lite0, or efficientnet-lite0-57934424.pth"
    }

    /// `(x − 127) / 128` for values 0 to 255, as the weights were trained with.
    fn weights_normalisation(&self) -> Normalisation {
        Normalisation {
            mean: vec![127.0 / 255.0],
            std: vec![128.0 / 255.0],
        }
    }
}
