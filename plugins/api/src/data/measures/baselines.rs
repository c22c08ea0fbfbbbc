//! How much of a score is above baselines.

use ichflow_metrics::{Interval, PairedDifference};
use serde::Serialize;

use crate::data::labels::Level;

/// A baseline held against the model, on the same rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BaselineMetrics {
    /// "position-only".
    pub baseline: String,
    /// What it knows, in words: "where along the head a slice lies".
    pub knows: String,
    /// `valid` or `test`.
    pub part: String,
    /// What a row is. A baseline's probability of an exam is the highest of its slices.
    pub unit: Level,
    /// Rows whose truth is known.
    pub rows: usize,
    /// Patients they belong to.
    pub patients: usize,
    /// The weighted log loss of the model less that of the baseline: below 0 the model is better.
    pub difference: Option<PairedDifference>,
    /// The weighted log loss.
    pub log_loss: Covered,
    /// The AUROC of the label that stands for all; absent where all rows are of one class.
    pub auroc: Option<Covered>,
    /// The model's AUROC less the baseline's.
    pub auroc_difference: Option<AurocGap>,
    /// What that means, in a sentence.
    pub in_words: String,
}

/// How far a baseline gets on the way from knowing nothing to the model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Covered {
    /// What is reached without knowing anything of a row: by label frequencies in training, or by chance.
    pub nothing: f64,
    /// What the baseline reaches.
    pub baseline: f64,
    /// What the model reaches.
    pub model: f64,
    /// `(nothing − baseline)/(nothing − model)`: 0 where the baseline is worth nothing, 1 where it is as good as the model,
    /// beyond 1 where it is better. Absent where the model itself is no better than nothing.
    pub share: Option<f64>,
    /// Its 95 % interval over patients; absent too where the model is no better than nothing in half of the resamples.
    pub interval: Option<Interval>,
}

/// The difference of two AUROCs on the same rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AurocGap {
    /// The model's less the baseline's.
    pub difference: f64,
    /// Its 95 % interval, DeLong's where every patient has one row, else Obuchowski's.
    pub interval: Option<Interval>,
    /// Two-sided p value of "they are the same".
    pub p_value: Option<f64>,
}
