//! Everything a run measured, as `metrics.json` holds it. Computed by `evaluate` and `ichflow score`, shown by
//! reports.

mod baselines;
mod exams;
mod groups;
mod label;
mod novelty;
mod part;
mod statistics;
mod subgroups;

use ichflow_metrics::PairedDifference;
use serde::Serialize;

use crate::data::balance::Balance;
use crate::data::calibration::Calibration;
use crate::data::external::ExternalValidation;
use crate::data::labels::{LabelSet, Level};
use crate::data::localization::Localization;
use crate::data::triage::Triage;
use crate::ports::Artifact;

pub use baselines::{AurocGap, BaselineMetrics, Covered};
pub use exams::ExamMetrics;
pub use groups::{GroupMetrics, Groups, PatientSpread};
pub use label::{AtThreshold, LabelIntervals, LabelMetrics};
pub use novelty::{NoveltyCounts, NoveltyMetrics, PartNovelty, ScannerNovelty, UnseenValue};
pub use part::{AtChosen, PartMetrics, Submitted};
pub use statistics::{
    AtPrevalence, CalibrationStatistics, DecisionCurve, LabelStatistics, Measure, Method, PartialArea,
    PointStatistics,
};
pub use subgroups::{Subgroup, Subgrouping, Subgroups, Suppressed, VersusRest, WorstGroup};

/// Every metric of a run. Nothing in it depends on the machine or the time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// How they were computed.
    #[serde(flatten)]
    pub computed: Computed,
    /// The labels, where they are not the competition's.
    #[serde(skip_serializing_if = "LabelSet::is_rsna")]
    pub label_set: LabelSet,
    /// What was judged, where it is not slices: `slices` counts these then.
    #[serde(skip_serializing_if = "Level::is_slice")]
    pub unit: Level,
    /// Prevalence of each label among the training slices, or exams where exams were judged; what the prevalence
    /// baseline predicts for every one. Where nothing was split off for training it is that of what is measured, which
    /// nobody knows beforehand.
    pub training_prevalence: Vec<Prevalence>,
    /// The validation slices.
    pub valid: PartMetrics,
    /// The test slices, where their truth is known.
    pub test: Option<PartMetrics>,
    /// Whole exams, if there are predictions of them beside those of slices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exams: Option<ExamMetrics>,
    /// Δ of the weighted log loss of the validation predictions from that of the `baseline`, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versus_baseline: Option<PairedDifference>,
    /// The `baseline` by itself, on the same validation slices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<PartMetrics>,
    /// Baselines that know little, beside the model: how much of its score is above them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<BaselineMetrics>,
    /// What the operating points were chosen for, in words, if there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds_for: Option<String>,
    /// The validation predictions before and after calibration, if they were calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// How the split came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<Balance>,
    /// A bundle on this cohort, as it was frozen and refitted, if that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalValidation>,
    /// How exams are sorted into high, low and uncertain, and how that did on other patients, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub triage: Option<Triage>,
    /// Whether heat maps of validation slices lie where findings are, if that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub localization: Option<Localization>,
    /// How many exams are unlike the training data, if that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub novelty: Option<NoveltyMetrics>,
}

impl Artifact for Metrics {
    const NAME: &'static str = "metrics";
}

/// How metrics were computed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Computed {
    /// Probabilities were clipped to `[eps, 1 − eps]` for log losses.
    pub eps: f64,
    /// Patients were resampled this often for the intervals.
    pub bootstrap: usize,
    /// Bins of the expected calibration error.
    pub calibration_bins: usize,
    /// Specificity at which sensitivity is given.
    pub specificity: f64,
}

/// Prevalence of one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prevalence {
    /// The label.
    pub label: String,
    /// Share of positives, 0 to 1.
    pub share: f64,
}

impl Metrics {
    /// The metrics of whole exams: those beside the slices, or all where nothing but exams was judged.
    pub fn of_exams(&self) -> Option<(Level, &PartMetrics, Option<&PartMetrics>)> {
        match (&self.exams, self.unit.is_slice()) {
            (Some(exams), _) => Some((exams.unit, &exams.valid, exams.test.as_ref())),
            (None, false) => Some((self.unit, &self.valid, self.test.as_ref())),
            (None, true) => None,
        }
    }
}
