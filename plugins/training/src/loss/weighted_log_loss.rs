//! `weighted-log-loss`: the competition's metric as a loss.

use ichflow_api::prelude::*;
use ichflow_api::tensors::loss::binary_cross_entropy;

/// The competition's metric as a loss, from logits: `Σ_labels w·BCE / Σ w`, the mean over slices. Of the
/// competition's labels w(any) = 2 and 1 for the others; a recipe's own labels have their weights in `[labels]`.
///
/// `BCEWithLogitsLoss(weight=[2,1,1,1,1,1])` is 7/6 of this, since it divides by the number of labels
/// and not by the sum of the weights. (`pos_weight` is something else: it weighs positives against
/// negatives.)
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WeightedLogLoss {
    /// Weight of each label, in their order: any, epidural, intraparenchymal, intraventricular, subarachnoid,
    /// subdural. Without it, those of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f64>>,
}

impl LossFunction for WeightedLogLoss {
    fn loss(&self, logits: Tensor<2>, targets: &Targets) -> Tensor<1> {
        let weights = self.weights.as_deref().unwrap_or(targets.labels.weights());
        let each = binary_cross_entropy(logits, targets.truth.clone());
        targets.weighted_mean(each, weights)
    }
}

impl Stage for WeightedLogLoss {
    const NAME: &'static str = "weighted-log-loss";
    const FAMILY: Family = Family::Loss;
    const SUMMARY: &'static str = "the competition's metric: log loss with any counted twice";
    const EXAMPLE: &'static str = "[loss]\nuse = \"weighted-log-loss\"\n";

    fn ports() -> Ports {
        Ports::new().offers(output::LOSS)
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        Descriptions::new().with(output::LOSS, Description::of(Loss::new(self.clone())))
    }

    fn check(&self) -> Vec<Problem> {
        let weights = self.weights.as_deref().unwrap_or(&[1.0]);
        let bad = weights.iter().any(|weight| !weight.is_finite() || *weight < 0.0);
        if bad || weights.iter().sum::<f64>() <= 0.0 {
            return vec![
                Problem::new("weights", "weights must not be negative, and not all zero")
                    .help("the competition's are [2, 1, 1, 1, 1, 1]"),
            ];
        }
        Vec::new()
    }

    fn check_labels(&self, labels: &LabelSet) -> Vec<Problem> {
        let given = self.weights.as_deref();
        super::one_a_label("weights", given, labels).into_iter().collect()
    }

    fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        Ok(Outputs::new().with(output::LOSS, Loss::new(self.clone())))
    }
}

ichflow_api::register!(WeightedLogLoss);

#[cfg(test)]
mod tests {
    use super::super::bce::Bce;
    use super::*;
    use burn::tensor::TensorData;
    use ichflow_api::data::labels::rsna::{COUNT, METRIC_WEIGHTS};
    use ichflow_api::metrics::weighted_log_loss;

    fn targets(truth: Tensor<2>) -> Targets {
        Targets::new(truth, &LabelSet::rsna(), true)
    }

    fn tensor(rows: &[[f32; COUNT]]) -> Tensor<2> {
        Tensor::from_data(
            TensorData::new(rows.concat(), [rows.len(), COUNT]),
            &Device::flex(),
        )
    }

    fn number(loss: Tensor<1>) -> f64 {
        f64::from(loss.into_scalar::<f32>())
    }

    #[test]
    fn it_is_the_metric() {
        let logits = [
            [0.3, -2.0, 1.5, 0.0, -0.7, 4.0],
            [-1.0, -3.0, -2.5, 0.2, 0.1, -0.4],
        ];
        let truth = [[true, false, true, false, false, true], [false; COUNT]];
        let probabilities = logits.map(|row| row.map(|x: f32| 1.0 / (1.0 + (-f64::from(x)).exp())));
        let metric = weighted_log_loss(&truth, &probabilities, &METRIC_WEIGHTS, 1e-15).unwrap();
        let truth = truth.map(|row| row.map(|t| if t { 1.0 } else { 0.0 }));
        let loss = number(WeightedLogLoss::default().loss(tensor(&logits), &targets(tensor(&truth))));
        assert!((loss - metric).abs() < 1e-6, "{loss} is not {metric}");
        let plain = number(Bce::default().loss(tensor(&logits), &targets(tensor(&truth))));
        let mean = weighted_log_loss(
            &[[true, false, true, false, false, true]],
            &probabilities[..1],
            &METRIC_WEIGHTS,
            1e-15,
        );
        assert!(plain.is_finite() && mean.is_some());
    }

    #[test]
    fn huge_logits_give_finite_losses_and_gradients() {
        let device = Device::flex().autodiff();
        let logits = Tensor::<2>::from_data(
            TensorData::new(vec![80.0_f32, -80.0, 80.0, -80.0, 0.0, 30.0], [1, COUNT]),
            &device,
        )
        .require_grad();
        let truth = Tensor::from_data(
            TensorData::new(vec![0.0_f32, 1.0, 1.0, 0.0, 1.0, 0.0], [1, COUNT]),
            &device,
        );
        let loss = Bce::default().loss(logits.clone(), &targets(truth));
        // Σ max(x,0) − x·t + ln(1+e^−|x|): 80 + 80 + 0 + 0 + ln 2 + 30, over six labels.
        let expected = (190.0 + std::f64::consts::LN_2) / 6.0;
        assert!((number(loss.clone()) - expected).abs() < 1e-5);
        let gradient: Vec<f32> = logits
            .grad(&loss.backward())
            .unwrap()
            .into_data()
            .try_to_vec()
            .unwrap();
        // (σ(x) − t)/6; at x = 0 the two halves of |x| and max(x, 0) must add up to one half.
        let expected = [1.0, -1.0, 0.0, 0.0, -0.5, 1.0].map(|g| g / 6.0);
        for (got, expected) in gradient.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{gradient:?}");
        }
    }
}
