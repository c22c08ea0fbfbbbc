//! The metrics of one part of the data.

use ichflow_metrics::Interval;
use serde::Serialize;

use super::groups::Groups;
use super::label::{AtThreshold, LabelIntervals, LabelMetrics};
use super::statistics::LabelStatistics;
use super::subgroups::Subgroups;

/// The metrics of one part of the data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartMetrics {
    /// Slices with known truth.
    pub slices: usize,
    /// Patients they belong to; 0 where that is not known.
    pub patients: usize,
    /// The weighted log loss: of the competition's labels `any` counts twice.
    pub weighted_log_loss: f64,
    /// Its 95 % interval over patients.
    pub weighted_log_loss_interval: Option<Interval>,
    /// Weighted log loss of the prevalence baseline: what a model has to beat.
    pub prevalence_log_loss: f64,
    /// The competition's metric with probabilities clipped as a submission's are.
    pub submitted: Submitted,
    /// The label that stands for all, where it is not `any`; `auc_any` is of it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// 95 % interval over patients of the AUROC of `any`.
    pub auc_any_interval: Option<Interval>,
    /// Every label.
    pub labels: Vec<LabelMetrics>,
    /// 95 % intervals over patients of every label's metrics.
    pub label_intervals: Vec<LabelIntervals>,
    /// Confusion at the chosen operating points, label by label; empty where none were chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at_chosen: Vec<AtChosen>,
    /// How sure the numbers of every label are, and what follows from them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statistics: Vec<LabelStatistics>,
    /// By pixel encoding, place in the series and patient, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Groups>,
    /// By scanner, age band, site and more, with intervals: of exams where exams were judged, else of slices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subgroups: Option<Subgroups>,
}

impl PartMetrics {
    /// The label that stands for all.
    pub fn headline(&self) -> &str {
        self.headline.as_deref().unwrap_or("any")
    }

    /// AUROC of the label that stands for all.
    pub fn auc_any(&self) -> Option<f64> {
        let headline = self.headline();
        self.labels.iter().find(|label| label.label == headline)?.auc
    }
}

/// What a submission of these predictions would score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Submitted {
    /// Probabilities are clipped to `[clip, 1 − clip]`.
    pub clip: f64,
    /// The competition's metric then.
    pub weighted_log_loss: f64,
}

/// Confusion at the operating point chosen for one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtChosen {
    /// The label.
    pub label: String,
    /// Chosen on all validation slices. Validation slices are counted by thresholds that were chosen without their
    /// patient, which may differ a little.
    #[serde(flatten)]
    pub counted: AtThreshold,
}
