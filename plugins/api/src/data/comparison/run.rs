//! One run as its directory tells it: what it did, how it ended, what it measured.

use std::path::PathBuf;
use std::time::Duration;

use ichflow_metrics::Interval;
use serde::{Deserialize, Serialize};

use super::state::RunState;
use crate::data::labels::{LabelSet, Level};
use crate::data::measures::Measure;

/// A run, whether or not it came to its end.
pub struct Run {
    /// Its directory, links resolved.
    pub directory: PathBuf,
    /// The trial of a sweep, else `recipe/time-key`: the last two parts of the directory.
    pub name: String,
    /// The recipe's title.
    pub title: String,
    /// The seed of training, or the recipe's where none has its own.
    pub seed: Option<u64>,
    /// Every setting of the resolved recipe but title and seed, in the recipe's order.
    pub settings: Vec<Setting>,
    /// How far it came.
    pub state: RunState,
    /// When it began, as its files say it: RFC 9557 or RFC 3339.
    pub started: Option<String>,
    /// Why it cannot be compared: it failed, was interrupted or measured nothing.
    pub stopped: Option<String>,
    /// What it measured.
    pub measured: Option<Measured>,
    /// Every epoch of training.
    pub epochs: Vec<EpochRow>,
    /// Time of all stages together; of what an earlier run had kept, the time it took there.
    pub seconds: Option<f64>,
    /// What it computed on.
    pub device: Option<String>,
    /// Parameters of the network.
    pub parameters: Option<u64>,
}

/// One value of a resolved recipe.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Where it stands: `train.batch`, `train.phases[0].lr`.
    pub key: String,
    /// The value as TOML writes it.
    pub value: String,
}

/// What a comparison reads of `metrics.json`; the rest is left alone.
#[derive(Clone, Debug, Deserialize)]
pub struct Measured {
    /// Probabilities were clipped to `[eps, 1 − eps]`.
    pub eps: f64,
    /// The labels.
    #[serde(default)]
    pub label_set: LabelSet,
    /// The validation slices.
    pub valid: PartMeasured,
    /// The test slices.
    pub test: Option<PartMeasured>,
    /// What was judged, where it is not slices.
    #[serde(default)]
    pub unit: Level,
    /// Whole exams, where they were measured beside slices.
    #[serde(default)]
    pub exams: Option<ExamsMeasured>,
}

/// Whole exams.
#[derive(Clone, Debug, Deserialize)]
pub struct ExamsMeasured {
    /// What an exam is.
    pub unit: Level,
    /// The validation exams.
    pub valid: PartMeasured,
    /// The test exams.
    pub test: Option<PartMeasured>,
}

impl Measured {
    /// Validation exams: those beside slices, or all where nothing but exams was judged.
    pub fn of_exams(&self) -> Option<(Level, &PartMeasured)> {
        match (&self.exams, self.unit.is_slice()) {
            (Some(exams), _) => Some((exams.unit, &exams.valid)),
            (None, false) => Some((self.unit, &self.valid)),
            (None, true) => None,
        }
    }
}

/// The metrics of one part of the data.
#[derive(Clone, Debug, Deserialize)]
pub struct PartMeasured {
    /// Slices with known truth.
    pub slices: usize,
    /// Patients they belong to.
    pub patients: usize,
    /// The competition's metric.
    pub weighted_log_loss: f64,
    /// Its 95 % interval over patients.
    pub weighted_log_loss_interval: Option<Interval>,
    /// Weighted log loss of the prevalence baseline.
    #[serde(alias = "priors_log_loss")]
    pub prevalence_log_loss: f64,
    /// 95 % interval over patients of the AUROC of `any`.
    pub auc_any_interval: Option<Interval>,
    /// The label that stands for all, where it is not `any`.
    #[serde(default)]
    pub headline: Option<String>,
    /// Every label.
    pub labels: Vec<LabelMeasured>,
    /// How sure the numbers are; of runs by earlier versions there are none.
    #[serde(default)]
    pub statistics: Vec<StatisticsMeasured>,
}

/// How sure the numbers of one label are.
#[derive(Clone, Debug, Deserialize)]
pub struct StatisticsMeasured {
    /// The label.
    pub label: String,
    /// Area under the ROC curve.
    pub auroc: Option<Measure>,
}

/// The metrics of one label.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelMeasured {
    /// The label.
    pub label: String,
    /// Mean log loss.
    pub log_loss: f64,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// What was called at a fixed threshold.
    #[serde(default)]
    pub at_threshold: Option<CalledAt>,
}

/// The fixed threshold of a label.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct CalledAt {
    /// Probabilities at or above it were called positive.
    pub threshold: f64,
}

impl PartMeasured {
    /// The metrics of one label.
    pub fn label(&self, name: &str) -> Option<&LabelMeasured> {
        self.labels.iter().find(|label| label.label == name)
    }

    /// The label that stands for all.
    pub fn headline(&self) -> &str {
        self.headline.as_deref().unwrap_or("any")
    }

    /// AUROC of the label that stands for all: `any`.
    pub fn auc_any(&self) -> Option<f64> {
        self.label(self.headline()).and_then(|any| any.auc)
    }

    /// The same with the interval of its closed formula.
    pub fn auroc(&self) -> Option<Measure> {
        let found = self
            .statistics
            .iter()
            .find(|found| found.label == self.headline());
        found?.auroc
    }

    /// The fixed threshold of the label that stands for all.
    pub fn threshold(&self) -> Option<f64> {
        Some(self.label(self.headline())?.at_threshold?.threshold)
    }
}

/// One line of `history.csv`; columns that later versions add are left alone.
#[derive(Clone, Debug, Deserialize)]
pub struct EpochRow {
    /// Counted from 1.
    pub epoch: usize,
    /// Weighted log loss of the validation slices.
    pub valid_loss: f64,
    /// Slices trained on per second.
    #[serde(default)]
    pub slices_per_second: Option<f64>,
}

impl Run {
    /// The trial of its sweep, or its recipe.
    pub fn short_name(&self) -> &str {
        let own = self.directory.file_name().map(|name| name.to_string_lossy());
        let recipe = own.and_then(|own| self.name.strip_suffix(own.as_ref())?.strip_suffix('/'));
        recipe.unwrap_or(&self.name)
    }

    /// The value of a setting; `None` where the recipe has none.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|setting| setting.key == key)
            .map(|setting| setting.value.as_str())
    }

    /// The score runs are sorted by: the weighted log loss of the validation slices.
    pub fn score(&self) -> Option<f64> {
        self.measured
            .as_ref()
            .map(|measured| measured.valid.weighted_log_loss)
    }

    /// Slices trained on per second: the median epoch.
    pub fn slices_per_second(&self) -> Option<f64> {
        let mut rates: Vec<f64> = self
            .epochs
            .iter()
            .filter_map(|epoch| epoch.slices_per_second)
            .filter(|rate| rate.is_finite())
            .collect();
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied()
    }

    /// The time it took, in words; a dash where that is not known.
    pub fn time_in_words(&self) -> String {
        let Some(seconds) = self.seconds else {
            return "–".into();
        };
        let whole = Duration::try_from_secs_f64(seconds).map_or(0, |time| time.as_secs());
        match whole {
            0..10 => format!("{seconds:.1} s"),
            10..60 => format!("{whole} s"),
            60..3600 => format!("{} min {} s", whole / 60, whole % 60),
            _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        }
    }
}
