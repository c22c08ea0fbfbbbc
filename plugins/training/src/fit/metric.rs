//! What an epoch is compared by.

use std::borrow::Cow;
use std::str::FromStr;

use ichflow_api::metrics::{DEFAULT_EPS, auroc, average_precision, brier, weighted_log_loss};
use ichflow_api::prelude::*;
use schemars::{Schema, SchemaGenerator, json_schema};

/// A number by which epochs are compared, from all validation predictions at once.
///
/// Recipes write it as one word: `valid_loss`, `train_loss`, `auc_any` (or another label), `auc_mean`,
/// `average_precision_any`, `brier_any`, `last`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Metric {
    /// Weighted log loss of the validation slices; lower is better.
    #[default]
    ValidLoss,
    /// Mean training loss; lower is better.
    TrainLoss,
    /// Area under the ROC curve.
    Auc(Of),
    /// Average precision.
    AveragePrecision(Of),
    /// Brier score; lower is better.
    Brier(Of),
    /// The epoch itself: the last one is the best.
    Last,
}

/// Whose metric it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// The mean over the labels for which it is defined.
    Mean,
    /// One label's.
    Label(String),
}

impl Of {
    fn named(name: &str) -> Self {
        match name {
            "mean" => Self::Mean,
            label => Self::Label(label.to_owned()),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Mean => "mean",
            Self::Label(label) => label,
        }
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let of = |prefix: &str| {
            text.strip_prefix(prefix)
                .filter(|of| !of.is_empty())
                .map(Of::named)
        };
        match text {
            "valid_loss" => return Ok(Self::ValidLoss),
            "train_loss" => return Ok(Self::TrainLoss),
            "last" => return Ok(Self::Last),
            _ => {}
        }
        of("auc_")
            .map(Self::Auc)
            .or_else(|| of("average_precision_").map(Self::AveragePrecision))
            .or_else(|| of("brier_").map(Self::Brier))
            .ok_or_else(|| {
                format!(
                    "there is no metric `{text}`: `valid_loss`, `train_loss`, `last`, or `auc_`, `average_precision_`, \
                     `brier_` and a label or `mean`"
                )
            })
    }
}

impl TryFrom<String> for Metric {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

impl From<Metric> for String {
    fn from(metric: Metric) -> Self {
        metric.name()
    }
}

impl JsonSchema for Metric {
    fn schema_name() -> Cow<'static, str> {
        "Metric".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(valid_loss|train_loss|last|(auc|average_precision|brier)_.+)$",
            "examples": ["valid_loss", "train_loss", "auc_any", "auc_mean", "average_precision_any", "brier_any", "last"],
        })
    }
}

/// An epoch's validation predictions beside the truth, and its training loss.
pub(super) struct Outcome {
    /// What is true.
    pub truth: Vec<Labels>,
    /// What was predicted.
    pub probabilities: Vec<Vec<f64>>,
    /// The labels.
    pub labels: LabelSet,
    /// Mean training loss.
    pub train_loss: f64,
    /// Counted from 1.
    pub epoch: usize,
}

impl Outcome {
    /// Weighted log loss, NaN without validation slices.
    pub(super) fn valid_loss(&self) -> f64 {
        let weights = self.labels.weights();
        weighted_log_loss(&self.truth, &self.probabilities, weights, DEFAULT_EPS).unwrap_or(f64::NAN)
    }

    fn label(&self, label: usize) -> (Vec<bool>, Vec<f64>) {
        let rows = self.truth.iter().zip(&self.probabilities);
        rows.filter_map(|(truth, row)| Some((truth.positive(label)?, row[label])))
            .unzip()
    }

    /// AUROC of the label that stands for all; nothing when the slices are of one class.
    pub(super) fn auc(&self) -> Option<f64> {
        self.of(
            &Of::Label(self.labels.name(self.labels.headline()).to_owned()),
            auroc,
        )
    }

    /// A metric of one label, or its mean over the labels for which it is defined.
    fn of(&self, of: &Of, metric: fn(&[bool], &[f64]) -> Option<f64>) -> Option<f64> {
        let one = |label| {
            let (truth, scores) = self.label(label);
            metric(&truth, &scores)
        };
        match of {
            Of::Mean => mean((0..self.labels.len()).filter_map(one)),
            Of::Label(name) => one(self.labels.index_of(name)?),
        }
    }

    /// The value of a metric; nothing where it is not defined.
    pub(super) fn value(&self, metric: &Metric) -> Option<f64> {
        match metric {
            Metric::ValidLoss => Some(self.valid_loss()),
            Metric::TrainLoss => Some(self.train_loss),
            Metric::Auc(of) => self.of(of, auroc),
            Metric::AveragePrecision(of) => self.of(of, average_precision),
            Metric::Brier(of) => self.of(of, brier),
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
    pub fn improves(&self, new: Option<f64>, old: Option<f64>) -> bool {
        let Some(new) = new else { return old.is_none() };
        let Some(old) = old else { return true };
        match self {
            Self::ValidLoss | Self::TrainLoss | Self::Brier(_) => new < old,
            _ => new > old,
        }
    }

    /// Its name in a recipe.
    pub fn name(&self) -> String {
        match self {
            Self::ValidLoss => "valid_loss".into(),
            Self::TrainLoss => "train_loss".into(),
            Self::Auc(of) => format!("auc_{}", of.name()),
            Self::AveragePrecision(of) => format!("average_precision_{}", of.name()),
            Self::Brier(of) => format!("brier_{}", of.name()),
            Self::Last => "last".into(),
        }
    }

    /// The label it is about, if that is not among `labels`.
    pub(super) fn unknown_label(&self, labels: &LabelSet) -> Option<&str> {
        match self {
            Self::Auc(of) | Self::AveragePrecision(of) | Self::Brier(of) => match of {
                Of::Label(label) => labels.index_of(label).is_none().then_some(label),
                Of::Mean => None,
            },
            Self::ValidLoss | Self::TrainLoss | Self::Last => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(truth: Vec<Labels>, probabilities: Vec<Vec<f64>>) -> Outcome {
        Outcome {
            labels: LabelSet::rsna(),
            truth,
            probabilities,
            train_loss: 0.5,
            epoch: 3,
        }
    }

    fn metric(name: &str) -> Metric {
        name.parse().unwrap()
    }

    #[test]
    fn metrics_are_written_as_one_word() {
        for name in [
            "valid_loss",
            "train_loss",
            "last",
            "auc_mean",
            "brier_my label",
            "average_precision_any",
        ] {
            assert_eq!(metric(name).name(), name);
        }
        assert!("auc".parse::<Metric>().is_err() && "auc_".parse::<Metric>().is_err());
        assert_eq!(
            metric("auc_fracture").unknown_label(&LabelSet::rsna()),
            Some("fracture")
        );
        assert_eq!(metric("auc_mean").unknown_label(&LabelSet::rsna()), None);
    }

    #[test]
    fn metrics_are_those_of_all_predictions() {
        let bleed = Labels::from([true, false, false, false, false, false]);
        let none = Labels::negative(6);
        let of = |any: f64| vec![any, 0.5, 0.5, 0.5, 0.5, 0.5];
        let outcome = outcome(
            vec![bleed.clone(), none.clone(), bleed, none],
            vec![of(0.9), of(0.2), of(0.4), of(0.6)],
        );
        assert_eq!(outcome.value(&metric("auc_any")), Some(0.75));
        // The other labels have no slice with them.
        assert_eq!(outcome.value(&metric("auc_subdural")), None);
        assert_eq!(outcome.value(&metric("auc_mean")), Some(0.75));
        let brier = outcome.value(&metric("brier_any")).unwrap();
        assert!((brier - (0.01 + 0.04 + 0.36 + 0.36) / 4.0).abs() < 1e-12);
        assert_eq!(outcome.value(&Metric::Last), Some(3.0));
    }

    #[test]
    fn without_validation_slices_the_last_epoch_counts() {
        let outcome = outcome(Vec::new(), Vec::new());
        for metric in [Metric::ValidLoss, metric("auc_any")] {
            let value = outcome.value(&metric);
            assert!(value.is_none() && metric.improves(value, None));
        }
        assert!(!Metric::ValidLoss.improves(None, Some(0.3)));
        assert!(Metric::ValidLoss.improves(Some(0.2), Some(0.3)));
        assert!(metric("auc_any").improves(Some(0.3), Some(0.2)));
        assert!(!metric("auc_any").improves(Some(0.2), Some(0.2)));
        assert_eq!(metric("average_precision_mean").name(), "average_precision_mean");
    }
}
