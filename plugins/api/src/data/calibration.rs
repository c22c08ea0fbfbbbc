//! What calibration did to the validation predictions.

use serde::{Deserialize, Serialize};

use crate::data::labels::Level;
use crate::digest::sha256;
use crate::ports::Artifact;
use ichflow_metrics::ReliabilityBin;

/// Validation predictions before and after calibration, each slice calibrated without its patient.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What was calibrated.
    #[serde(default, skip_serializing_if = "Level::is_slice")]
    pub unit: Level,
    /// "platt", "temperature", "isotonic".
    pub method: String,
    /// Weighted log loss before.
    pub weighted_log_loss_before: f64,
    /// Weighted log loss after.
    pub weighted_log_loss_after: f64,
    /// Every label.
    pub labels: Vec<LabelCalibration>,
}

/// One label before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelCalibration {
    /// The label.
    pub label: String,
    /// Before.
    pub before: LabelReliability,
    /// After.
    pub after: LabelReliability,
}

/// How well a label's probabilities agree with frequencies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelReliability {
    /// Mean log loss.
    pub log_loss: f64,
    /// Expected calibration error in 15 bins of equal width.
    pub expected_calibration_error: f64,
    /// The bins that hold slices.
    pub bins: Vec<ReliabilityBin>,
}

impl Artifact for Calibration {
    const NAME: &'static str = "calibration";

    fn digest(&self) -> Option<String> {
        serde_json::to_vec(self).ok().map(|bytes| sha256(&bytes))
    }
}
