//! The metrics of groups of slices: by pixel encoding, by place in the series, by patient.

use serde::Serialize;

/// The slices of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupMetrics {
    /// What they have in common.
    pub name: String,
    /// Slices with known truth.
    pub slices: usize,
    /// Slices positive for the label that stands for all: any hemorrhage.
    pub positives: usize,
    /// The competition's metric.
    pub weighted_log_loss: f64,
    /// AUROC of the label that stands for all; absent when all slices are of one class.
    pub auc_any: Option<f64>,
}

/// How the weighted log loss spreads over patients, each weighted by none but its own slices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PatientSpread {
    /// Number of patients.
    pub patients: usize,
    /// A quarter of the patients score below it.
    pub lower_quartile: f64,
    /// Half of the patients score below it.
    pub median: f64,
    /// A quarter of the patients score above it.
    pub upper_quartile: f64,
    /// The patient with the highest loss.
    pub worst: f64,
}

/// Slices by what they have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Groups {
    /// By pixel encoding: scanners differ in it.
    pub by_encoding: Vec<GroupMetrics>,
    /// By place in the series, in fifths from below; slices without a position apart.
    pub by_position: Vec<GroupMetrics>,
    /// Over patients.
    pub by_patient: Option<PatientSpread>,
}
