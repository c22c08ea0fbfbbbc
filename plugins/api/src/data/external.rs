//! A model on another cohort: as it was frozen, and refitted beside it.

use ichflow_metrics::{Estimate, PairedDifference};
use serde::Serialize;

use crate::data::labels::Level;
use crate::data::measures::AtThreshold;
use crate::data::triage::Triage;
use crate::ports::Artifact;

/// What followed a bundle's network, applied as it was frozen, and fitted anew to the cohort at hand; what is refitted is
/// judged cross-fitted over patients.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExternalValidation {
    /// The bundle's title.
    pub bundle: String,
    /// Steps that were fitted to data: as frozen, and anew. Empty where the bundle has none.
    pub refitted: Vec<String>,
    /// Slices, and exams where the bundle makes some.
    pub levels: Vec<ExternalLevel>,
    /// How exams are sorted, where the bundle does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub triage: Option<ExternalTriage>,
}

impl Artifact for ExternalValidation {
    const NAME: &'static str = "external validation";
}

/// One level.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExternalLevel {
    /// What is judged: slices, series, studies or patients.
    pub unit: Level,
    /// As the bundle froze it.
    pub frozen: Judged,
    /// Fitted to this cohort.
    pub refitted: Judged,
    /// What not refitting costs: the weighted log loss as frozen less that refitted, on the same patients. The
    /// `baseline` is refitted.
    pub price: Option<PairedDifference>,
}

/// Predictions held against the truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Slices or exams of known truth.
    pub cases: usize,
    /// Patients they belong to.
    pub patients: usize,
    /// Mean log loss, labels weighted as the competition does.
    pub weighted_log_loss: f64,
    /// What the thresholds are for, if there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds_for: Option<String>,
    /// Every label.
    pub labels: Vec<JudgedLabel>,
}

/// One label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgedLabel {
    /// The label.
    pub label: String,
    /// Cases that have it.
    pub positives: usize,
    /// Mean log loss.
    pub log_loss: f64,
    /// Area under the ROC curve; absent when all cases are of one class.
    pub auc: Option<f64>,
    /// Calibration slope, 1 where calibrated: below, probabilities are too extreme.
    pub slope: Option<Estimate>,
    /// Calibration intercept, 0 where calibrated.
    pub intercept: Option<Estimate>,
    /// Calibration in the large, 0 where calibrated: below, probabilities are too high on the whole.
    pub in_the_large: Option<Estimate>,
    /// Confusion at the threshold of this label, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_threshold: Option<AtThreshold>,
    /// Why calibration has no numbers, where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How exams are sorted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExternalTriage {
    /// By the cuts that the bundle froze.
    pub frozen: Triage,
    /// By cuts of this cohort, each exam by those from other patients.
    pub refitted: Triage,
}
