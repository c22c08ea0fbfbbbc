//! Whether two models order and call the same cases equally well.

use ichflow_metrics::{Interval, McNemar};
use serde::Serialize;

use crate::data::measures::Method;

/// One label of a run against the baseline's, on the same cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelVersus {
    /// The label.
    pub label: String,
    /// The difference of the areas under the ROC curves.
    pub auroc: Option<AurocVersus>,
    /// McNemar's test of the calls at one threshold, where every patient has one case.
    pub calls: Option<CallsVersus>,
    /// Why something is absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A difference of two areas under the ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AurocVersus {
    /// The run's less the baseline's: above 0 is better.
    pub difference: f64,
    /// Its 95 % interval; absent where both order the cases alike.
    pub interval: Option<Interval>,
    /// Two-sided p value of "both areas are the same".
    pub p: Option<f64>,
    /// The p value adjusted for all runs that were compared (Holm 1979).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holm_p: Option<f64>,
    /// DeLong's test, or Obuchowski's where patients have several cases.
    pub method: Method,
}

/// Calls of two models at one threshold; `first` is the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CallsVersus {
    /// Probabilities at or above it were called positive.
    pub threshold: f64,
    /// Of the positive cases: sensitivities.
    pub sensitivity: McNemar,
    /// Of the negative cases: specificities.
    pub specificity: McNemar,
}
