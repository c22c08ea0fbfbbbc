//! `asymmetric`: the asymmetric loss for many labels (ASL).

use burn::tensor::activation::{log_sigmoid, sigmoid};
use ichflow_api::prelude::*;

use super::focal::power;

/// Smallest shifted probability whose power is taken: the gradient of 0^γ is 0·∞ where γ < 1.
const TINY: f64 = 1e-30;

/// Asymmetric loss (Ridnik et al. 2021, arXiv 2009.14119, equation 8), from logits, the mean over slices
/// and labels: `−t·(1−p)^γ₊·ln p − (1−t)·q^γ₋·ln(1−q)` with `q = max(p − margin, 0)`.
///
/// Positives and negatives are focused differently, and negatives predicted below the margin count
/// nothing at all. The authors' code adds over slices and labels where this takes the mean, and limits
/// logarithms at 1e-8 where this takes them from the logits. Its probabilities are too high: put
/// `calibrate` after it before a log loss is judged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Asymmetric {
    /// γ₊: how much less easy positives count; 0 counts all alike.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub gamma_positive: f64,
    /// γ₋: how much less easy negatives count.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub gamma_negative: f64,
    /// Negatives with a probability below it count nothing, 0 to 0.5.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub margin: f64,
}

impl Default for Asymmetric {
    fn default() -> Self {
        Self {
            gamma_positive: 0.0,
            gamma_negative: 4.0,
            margin: 0.05,
        }
    }
}

impl LossFunction for Asymmetric {
    fn loss(&self, logits: Tensor<2>, targets: &Targets) -> Tensor<1> {
        let truth = targets.truth.clone();
        let (yes, no) = (log_sigmoid(logits.clone()), log_sigmoid(logits.clone().neg()));
        let negative = truth.clone().neg().add_scalar(1.0);
        let missed = truth * power(&no, self.gamma_positive) * yes.clone();
        let feared = if self.margin == 0.0 {
            power(&yes, self.gamma_negative) * no
        } else {
            // 1 − q = min(σ(−x) + margin, 1): a difference from 1 would lose digits.
            let safe = sigmoid(logits.clone().neg())
                .add_scalar(self.margin)
                .clamp_max(1.0)
                .log();
            if self.gamma_negative == 0.0 {
                safe
            } else {
                let shifted = sigmoid(logits).sub_scalar(self.margin).clamp_min(TINY);
                shifted.powf_scalar(self.gamma_negative) * safe
            }
        };
        targets.mean((missed + negative * feared).neg())
    }
}

impl Stage for Asymmetric {
    const NAME: &'static str = "asymmetric";
    const FAMILY: Family = Family::Loss;
    const SUMMARY: &'static str = "asymmetric loss: easy negatives count little or nothing";
    const EXAMPLE: &'static str = "[loss]\nuse = \"asymmetric\"\ngamma_negative = 4\nmargin = 0.05\n";

    fn ports() -> Ports {
        Ports::new().offers(output::LOSS)
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        Descriptions::new().with(output::LOSS, Description::of(Loss::new(self.clone())))
    }

    fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        Ok(Outputs::new().with(output::LOSS, Loss::new(self.clone())))
    }
}

ichflow_api::register!(Asymmetric);

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    #[test]
    fn gradients_stay_finite_where_powers_of_nothing_are_taken() {
        let loss = Asymmetric {
            gamma_positive: 0.5,
            gamma_negative: 0.5,
            margin: 0.05,
        };
        let device = Device::flex().autodiff();
        let row = vec![-200.0_f32, 200.0, -80.0, 80.0, -3.0, 0.0];
        for positive in [0.0_f32, 1.0] {
            let logits = Tensor::<2>::from_data(TensorData::new(row.clone(), [1, 6]), &device).require_grad();
            let truth = Tensor::from_data(TensorData::new(vec![positive; 6], [1, 6]), &device);
            let value = loss.loss(logits.clone(), &Targets::new(truth, &LabelSet::rsna(), true));
            let gradient = logits.grad(&value.backward()).unwrap().into_data();
            let gradient = gradient.try_to_vec::<f32>().unwrap();
            assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
        }
    }
}
