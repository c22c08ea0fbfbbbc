//! `bce`: binary cross-entropy, with label smoothing and a weight of positives.

use burn::tensor::TensorData;
use burn::tensor::activation::log_sigmoid;
use ichflow_api::prelude::*;

/// Binary cross-entropy from logits, the mean over slices and labels.
///
/// The same as PyTorch's `BCEWithLogitsLoss(pos_weight=…)` on smoothed targets:
/// `−w·t·ln σ(x) − (1−t)·ln σ(−x)`.
///
/// `pos_weight` is not `weight`, and the two are often confused. `weight = [2, 1, 1, 1, 1, 1]` counts
/// every error of `any` twice, which is the competition's metric (`weighted-log-loss` here).
/// `pos_weight = [2, 1, 1, 1, 1, 1]` counts only *missed* bleeding twice, so the network learns to
/// overstate `any`: its best answer to a true probability p is no longer p but 2p/(1 + p), and a log loss
/// punishes that.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bce {
    /// How far targets are drawn from certainty, 0 to 1: 1 becomes 1 − s/2 and 0 becomes s/2.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub label_smoothing: f64,
    /// How much a positive counts beside a negative, label by label in their order: any, epidural,
    /// intraparenchymal, intraventricular, subarachnoid, subdural. Other than 1, which is what holds without it, it
    /// makes probabilities too high (or too low) on purpose. Not the weight of a label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pos_weight: Option<Vec<f64>>,
}

impl LossFunction for Bce {
    fn loss(&self, logits: Tensor<2>, targets: &Targets) -> Tensor<1> {
        let target = smooth(targets.truth.clone(), self.label_smoothing);
        let negative = target.clone().neg().add_scalar(1.0);
        let weights: Vec<f32> = match &self.pos_weight {
            Some(weights) => weights.iter().map(|weight| *weight as f32).collect(),
            None => vec![1.0; targets.labels.len()],
        };
        let shape = [1, weights.len()];
        let weights = Tensor::<2>::from_data(TensorData::new(weights, shape), &logits.device());
        let missed = target * weights * log_sigmoid(logits.clone());
        targets.mean((missed + negative * log_sigmoid(logits.neg())).neg())
    }
}

/// Targets drawn towards one half: `t·(1 − s) + s/2`.
fn smooth(truth: Tensor<2>, amount: f64) -> Tensor<2> {
    if amount == 0.0 {
        truth
    } else {
        truth.mul_scalar(1.0 - amount).add_scalar(amount / 2.0)
    }
}

impl Stage for Bce {
    const NAME: &'static str = "bce";
    const FAMILY: Family = Family::Loss;
    const SUMMARY: &'static str = "binary cross-entropy, all labels alike";
    const EXAMPLE: &'static str = "[loss]\nuse = \"bce\"\nlabel_smoothing = 0.02\n";

    fn ports() -> Ports {
        Ports::new().offers(output::LOSS)
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        Descriptions::new().with(output::LOSS, Description::of(Loss::new(self.clone())))
    }

    fn check(&self) -> Vec<Problem> {
        let mut weights = self.pos_weight.iter().flatten();
        if weights.all(|weight| *weight > 0.0 && weight.is_finite()) {
            return Vec::new();
        }
        vec![
            Problem::new("pos_weight", "the weights of positives must be above 0")
                .help("1 leaves a label as it is; to weigh labels, use `weighted-log-loss`"),
        ]
    }

    fn check_labels(&self, labels: &LabelSet) -> Vec<Problem> {
        let given = self.pos_weight.as_deref();
        super::one_a_label("pos_weight", given, labels)
            .into_iter()
            .collect()
    }

    fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        Ok(Outputs::new().with(output::LOSS, Loss::new(self.clone())))
    }
}

ichflow_api::register!(Bce);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_teach_nothing_are_problems() {
        for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut weights = vec![1.0; 6];
            weights[3] = weight;
            let loss = Bce {
                pos_weight: Some(weights),
                ..Bce::default()
            };
            assert_eq!(loss.check().len(), 1, "{weight}");
        }
        assert!(Bce::default().check().is_empty());
    }
}
