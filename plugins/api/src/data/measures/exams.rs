//! The metrics of whole exams, beside those of their slices.

use serde::Serialize;

use super::{PartMetrics, Prevalence};
use crate::data::labels::Level;

/// Whole exams, measured beside their slices. What is called `slices` in it counts exams.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExamMetrics {
    /// What an exam is.
    pub unit: Level,
    /// Prevalence of each label among the training exams; empty where the truth of none is known.
    pub training_prevalence: Vec<Prevalence>,
    /// The validation exams.
    pub valid: PartMetrics,
    /// The test exams, where their truth is known.
    pub test: Option<PartMetrics>,
    /// What their operating points were chosen for, in words, if there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds_for: Option<String>,
}
