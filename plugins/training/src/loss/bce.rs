//! `bce`: plain binary cross-entropy.

use ichflow_api::loss::binary_cross_entropy;
use ichflow_api::prelude::*;

/// Binary cross-entropy from logits, the mean over slices and labels.
///
/// The same as PyTorch's `BCEWithLogitsLoss()` without weights.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bce {}

impl LossFunction for Bce {
    fn loss(&self, logits: Tensor<2>, truth: Tensor<2>) -> Tensor<1> {
        binary_cross_entropy(logits, truth).mean()
    }
}

impl Stage for Bce {
    const NAME: &'static str = "bce";
    const FAMILY: Family = Family::Loss;
    const SUMMARY: &'static str = "binary cross-entropy, all labels alike";
    const EXAMPLE: &'static str = "[loss]\nuse = \"bce\"\n";

    fn ports(&self) -> Ports {
        Ports::new().output(Output::of::<Loss>("loss"))
    }

    fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        Ok(Outputs::new().with("loss", Loss::new(self.clone())))
    }
}

ichflow_api::register!(Bce);
