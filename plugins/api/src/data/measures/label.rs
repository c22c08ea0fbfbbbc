//! The metrics of one label.

use std::collections::BTreeMap;

use ichflow_metrics::{Confusion, Interval, OperatingPoint};
use serde::Serialize;

/// The metrics of one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelMetrics {
    /// The label.
    pub label: String,
    /// Slices that have it.
    pub positives: usize,
    /// Mean log loss.
    pub log_loss: f64,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Average precision: area under the precision–recall curve, not interpolated.
    pub average_precision: Option<f64>,
    /// Share of slices on the right side of 0.5.
    pub accuracy: f64,
    /// Brier score: mean squared distance of the probability from the truth.
    pub brier: f64,
    /// Expected calibration error, in bins of equal width.
    pub expected_calibration_error: f64,
    /// Confusion at a fixed threshold.
    pub at_threshold: AtThreshold,
    /// The highest sensitivity at a stated specificity.
    pub at_specificity: Option<OperatingPoint>,
    /// What plugins measure beside, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<&'static str, Option<f64>>,
    /// Why something is absent.
    pub note: Option<String>,
}

/// The intervals of one label's metrics; absent where a metric is undefined in most resamples.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelIntervals {
    /// The label.
    pub label: String,
    /// Of the mean log loss.
    pub log_loss: Option<Interval>,
    /// Of the area under the ROC curve.
    pub auc: Option<Interval>,
    /// Of the average precision.
    pub average_precision: Option<Interval>,
}

/// Confusion of one label at a threshold. A share of nothing is absent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtThreshold {
    /// Probabilities at or above it are called positive.
    pub threshold: f64,
    /// True and false positives and negatives.
    #[serde(flatten)]
    pub confusion: Confusion,
    /// `TP/(TP + FN)`.
    pub sensitivity: Option<f64>,
    /// `TN/(TN + FP)`.
    pub specificity: Option<f64>,
    /// `TP/(TP + FP)`, the positive predictive value.
    pub precision: Option<f64>,
    /// Harmonic mean of precision and sensitivity.
    pub f1: Option<f64>,
}

impl AtThreshold {
    /// From counts.
    pub fn counted(threshold: f64, confusion: Confusion) -> Self {
        Self {
            threshold,
            confusion,
            sensitivity: confusion.sensitivity(),
            specificity: confusion.specificity(),
            precision: confusion.precision(),
            f1: confusion.f1(),
        }
    }
}
