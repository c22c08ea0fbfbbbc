//! What an epoch is compared by.

use ichflow_api::data::labels::{COUNT, Labels, METRIC_WEIGHTS};
use ichflow_api::metrics::{DEFAULT_EPS, auroc, average_precision, brier, weighted_log_loss};
use ichflow_api::prelude::*;

/// A number by which epochs are compared, from all validation predictions at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Metric {
    /// Weighted log loss of the validation slices; lower is better.
    #[default]
    ValidLoss,
    /// Mean training loss; lower is better.
    TrainLoss,
    /// Area under the ROC curve of `any`.
    AucAny,
    /// Of `epidural`.
    AucEpidural,
    /// Of `intraparenchymal`.
    AucIntraparenchymal,
    /// Of `intraventricular`.
    AucIntraventricular,
    /// Of `subarachnoid`.
    AucSubarachnoid,
    /// Of `subdural`.
    AucSubdural,
    /// Mean area under the ROC curve over the labels of which there are slices with and without.
    AucMean,
    /// Average precision of `any`.
    AveragePrecisionAny,
    /// Mean average precision over the labels there are.
    AveragePrecisionMean,
    /// Brier score of `any`; lower is better.
    BrierAny,
    /// The epoch itself: the last one is the best.
    Last,
}

/// An epoch's validation predictions beside the truth, and its training loss.
pub(super) struct Outcome {
    /// What is true.
    pub truth: Vec<Labels>,
    /// What was predicted.
    pub probabilities: Vec<[f64; COUNT]>,
    /// Mean training loss.
    pub train_loss: f64,
    /// Counted from 1.
    pub epoch: usize,
}

impl Outcome {
    /// Weighted log loss, NaN without validation slices.
    pub(super) fn valid_loss(&self) -> f64 {
        weighted_log_loss(&self.truth, &self.probabilities, &METRIC_WEIGHTS, DEFAULT_EPS).unwrap_or(f64::NAN)
    }

    fn label(&self, label: usize) -> (Vec<bool>, Vec<f64>) {
        let truth = self.truth.iter().map(|truth| truth[label]).collect();
        let scores = self.probabilities.iter().map(|row| row[label]).collect();
        (truth, scores)
    }

    /// AUROC of a label; nothing when the slices are of one class.
    pub(super) fn auc(&self, label: usize) -> Option<f64> {
        let (truth, scores) = self.label(label);
        auroc(&truth, &scores)
    }

    fn average_precision(&self, label: usize) -> Option<f64> {
        let (truth, scores) = self.label(label);
        average_precision(&truth, &scores)
    }

    /// The value of a metric; nothing where it is not defined.
    pub(super) fn value(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::ValidLoss => Some(self.valid_loss()),
            Metric::TrainLoss => Some(self.train_loss),
            Metric::AucAny => self.auc(0),
            Metric::AucEpidural => self.auc(1),
            Metric::AucIntraparenchymal => self.auc(2),
            Metric::AucIntraventricular => self.auc(3),
            Metric::AucSubarachnoid => self.auc(4),
            Metric::AucSubdural => self.auc(5),
            Metric::AucMean => mean((0..COUNT).filter_map(|label| self.auc(label))),
            Metric::AveragePrecisionAny => self.average_precision(0),
            Metric::AveragePrecisionMean => {
                mean((0..COUNT).filter_map(|label| self.average_precision(label)))
            }
            Metric::BrierAny => {
                let (truth, scores) = self.label(0);
                brier(&truth, &scores)
            }
            Metric::Last => Some(self.epoch as f64),
        }
        .filter(|value| value.is_finite())
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

impl Metric {
    /// Whether `new` is better than `old`. An undefined value is better than another undefined one only, so
    /// that without validation slices the last epoch counts.
    pub fn improves(self, new: Option<f64>, old: Option<f64>) -> bool {
        let Some(new) = new else { return old.is_none() };
        let Some(old) = old else { return true };
        match self {
            Self::ValidLoss | Self::TrainLoss | Self::BrierAny => new < old,
            _ => new > old,
        }
    }

    /// Its name in a recipe.
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => format!("{self:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(truth: Vec<Labels>, probabilities: Vec<[f64; COUNT]>) -> Outcome {
        Outcome {
            truth,
            probabilities,
            train_loss: 0.5,
            epoch: 3,
        }
    }

    #[test]
    fn metrics_are_those_of_all_predictions() {
        let mut bleed = [false; COUNT];
        bleed[0] = true;
        let of = |any: f64| {
            let mut row = [0.5; COUNT];
            row[0] = any;
            row
        };
        let outcome = outcome(
            vec![bleed, [false; COUNT], bleed, [false; COUNT]],
            vec![of(0.9), of(0.2), of(0.4), of(0.6)],
        );
        assert_eq!(outcome.value(Metric::AucAny), Some(0.75));
        // The other labels have no slice with them.
        assert_eq!(outcome.value(Metric::AucSubdural), None);
        assert_eq!(outcome.value(Metric::AucMean), Some(0.75));
        let brier = outcome.value(Metric::BrierAny).unwrap();
        assert!((brier - (0.01 + 0.04 + 0.36 + 0.36) / 4.0).abs() < 1e-12);
        assert_eq!(outcome.value(Metric::Last), Some(3.0));
    }

    #[test]
    fn without_validation_slices_the_last_epoch_counts() {
        let outcome = outcome(Vec::new(), Vec::new());
        for metric in [Metric::ValidLoss, Metric::AucAny] {
            let value = outcome.value(metric);
            assert!(value.is_none() && metric.improves(value, None));
        }
        assert!(!Metric::ValidLoss.improves(None, Some(0.3)));
        assert!(Metric::ValidLoss.improves(Some(0.2), Some(0.3)));
        assert!(Metric::AucAny.improves(Some(0.3), Some(0.2)));
        assert!(!Metric::AucAny.improves(Some(0.2), Some(0.2)));
        assert_eq!(Metric::AveragePrecisionMean.name(), "average_precision_mean");
    }
}
