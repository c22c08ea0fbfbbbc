//! The metrics of one label.

use ichflow_api::metrics::{self, Confusion, OperatingPoint};
use ichflow_api::prelude::*;

use super::{Judged, Settings};

/// The metrics of one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelMetrics {
    /// The label.
    pub label: &'static str,
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
    /// What a fixed threshold does.
    pub at_threshold: AtThreshold,
    /// The highest sensitivity at a stated specificity.
    pub at_specificity: Option<OperatingPoint>,
    /// Why something is absent.
    pub note: Option<String>,
}

/// What a fixed threshold does to one label. What has nothing to be a share of is absent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtThreshold {
    /// Probabilities at or above it are called positive.
    pub threshold: f64,
    /// Right and wrong, counted.
    #[serde(flatten)]
    pub confusion: Confusion,
    /// Share of positives called so.
    pub sensitivity: Option<f64>,
    /// Share of negatives called so.
    pub specificity: Option<f64>,
    /// Share of positives among those called so.
    pub precision: Option<f64>,
    /// Harmonic mean of precision and sensitivity.
    pub f1: Option<f64>,
}

impl AtThreshold {
    fn of(truth: &[bool], probabilities: &[f64], threshold: f64) -> Self {
        Self::counted(threshold, Confusion::at(truth, probabilities, threshold))
    }

    /// From counts.
    pub(super) fn counted(threshold: f64, confusion: Confusion) -> Self {
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

impl LabelMetrics {
    pub(super) fn of(judged: &Judged, label: usize, settings: Settings) -> Option<Self> {
        let (truth, probabilities) = judged.label(label);
        let positives = truth.iter().filter(|positive| **positive).count();
        let one_class = if positives == 0 {
            Some("no slice is positive")
        } else if positives == truth.len() {
            Some("every slice is positive")
        } else {
            None
        };
        let ranked = one_class.is_none();
        Some(Self {
            label: LABELS[label],
            positives,
            log_loss: metrics::label_log_loss(&truth, &probabilities, settings.eps)?,
            auc: metrics::auc(&truth, &probabilities).filter(|_| ranked),
            average_precision: metrics::average_precision(&truth, &probabilities).filter(|_| ranked),
            accuracy: metrics::accuracy(&truth, &probabilities, 0.5)?,
            brier: metrics::brier(&truth, &probabilities)?,
            expected_calibration_error: metrics::expected_calibration_error(
                &truth,
                &probabilities,
                settings.calibration_bins,
            )?,
            at_threshold: AtThreshold::of(&truth, &probabilities, settings.threshold),
            at_specificity: metrics::sensitivity_at_specificity(&truth, &probabilities, settings.specificity),
            note: one_class.map(|why| format!("AUC and average precision are undefined: {why}")),
        })
    }
}
