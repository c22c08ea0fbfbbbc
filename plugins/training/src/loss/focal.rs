//! `focal`: the focal loss.

use burn::tensor::activation::log_sigmoid;
use ichflow_api::prelude::*;

/// Focal loss (Lin et al. 2017, arXiv 1708.02002, equation 5), from logits, the mean over slices and
/// labels: `−α·t·(1−p)^γ·ln p − (1−α)·(1−t)·p^γ·ln(1−p)`.
///
/// What is already right counts less, so that many easy negatives do not drown rare bleeding. Its
/// probabilities are drawn towards one half: put `calibrate` after it before a log loss is judged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Focal {
    /// How much less easy examples count; 0 makes it half of (`alpha = 0.5`) plain cross-entropy.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub gamma: f64,
    /// Weight of positives, 0 to 1; negatives have 1 − alpha.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub alpha: f64,
}

impl Default for Focal {
    fn default() -> Self {
        Self {
            gamma: 2.0,
            alpha: 0.25,
        }
    }
}

impl LossFunction for Focal {
    fn loss(&self, logits: Tensor<2>, targets: &Targets) -> Tensor<1> {
        let truth = targets.truth.clone();
        let (yes, no) = (log_sigmoid(logits.clone()), log_sigmoid(logits.neg()));
        let negative = truth.clone().neg().add_scalar(1.0);
        let missed = truth.mul_scalar(self.alpha) * power(&no, self.gamma) * yes.clone();
        let feared = negative.mul_scalar(1.0 - self.alpha) * power(&yes, self.gamma) * no;
        targets.mean((missed + feared).neg())
    }
}

/// `σ(x)^γ` from `ln σ(x)`: the gradient of a power of σ itself is 0·∞ where σ underflows and γ < 1.
pub(super) fn power(log_probability: &Tensor<2>, gamma: f64) -> Tensor<2> {
    log_probability.clone().mul_scalar(gamma).exp()
}

impl Stage for Focal {
    const NAME: &'static str = "focal";
    const FAMILY: Family = Family::Loss;
    const SUMMARY: &'static str = "focal loss: what is already right counts less";
    const EXAMPLE: &'static str = "[loss]\nuse = \"focal\"\ngamma = 2\nalpha = 0.25\n";

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

ichflow_api::register!(Focal);

#[cfg(test)]
mod tests {
    use super::super::bce::Bce;
    use super::*;
    use burn::tensor::TensorData;

    #[test]
    fn without_focus_it_is_half_the_cross_entropy() {
        let tensor =
            |row: [f32; 6]| Tensor::<2>::from_data(TensorData::new(row.to_vec(), [1, 6]), &Device::flex());
        let logits = tensor([0.3, -2.0, 1.5, 0.0, -0.7, 4.0]);
        let truth = tensor([1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
        let plain = Focal {
            gamma: 0.0,
            alpha: 0.5,
        };
        let targets = Targets::new(truth, &LabelSet::rsna(), true);
        let focal: f32 = plain.loss(logits.clone(), &targets).into_scalar();
        let bce: f32 = Bce::default().loss(logits, &targets).into_scalar();
        assert!((2.0 * focal - bce).abs() < 1e-6);
    }
}
