//! What is said of a label with its uncertainty: by whose formula is said beside every interval.

use ichflow_metrics::{CalibrationErrors, Confusion, Interval, NetBenefit};
use serde::{Deserialize, Serialize};

/// How sure the numbers of one label are. What is undefined is absent, and `notes` say why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelStatistics {
    /// The label.
    pub label: String,
    /// Cases whose truth is known.
    pub cases: usize,
    /// Cases that have it.
    pub positives: usize,
    /// Whether every patient has one case. Where not, intervals are over patients.
    pub one_case_a_patient: bool,
    /// Area under the ROC curve.
    pub auroc: Option<Measure>,
    /// The same for few false positives.
    pub partial_auroc: Option<PartialArea>,
    /// Sensitivity, specificity and what follows from them, at each threshold.
    pub operating_points: Vec<PointStatistics>,
    /// Net benefit over thresholds: among these cases, then at each stated prevalence.
    pub decision_curves: Vec<DecisionCurve>,
    /// How far probabilities are from frequencies.
    pub calibration: Option<CalibrationStatistics>,
    /// Why something is absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// The number.
    pub value: f64,
    /// Its 95 % interval, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Whose interval it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
}

/// Whose interval it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// DeLong's variance of an AUROC (1988), on the logit scale: one case a patient.
    Delong,
    /// Obuchowski's variance of an AUROC (1997), on the logit scale: several cases a patient.
    Obuchowski,
    /// Wilson's score interval of a proportion (1927): one case a patient.
    Wilson,
    /// Simel's, on the logarithm of a likelihood ratio (1991): one case a patient.
    Simel,
    /// Mercaldo's, on the logit of a predictive value (2007): one case a patient.
    Mercaldo,
    /// Wilson's of two shares, put together (Zou and Donner 2008): one case a patient.
    Mover,
    /// Wald's, with errors over patients (Liang and Zeger 1986).
    Sandwich,
    /// Percentiles over resamples of whole patients.
    Bootstrap,
}

impl Method {
    /// As a person says it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Delong => "DeLong",
            Self::Obuchowski => "Obuchowski",
            Self::Wilson => "Wilson",
            Self::Simel => "Simel",
            Self::Mercaldo => "Mercaldo",
            Self::Mover => "Wilson, put together by Zou and Donner",
            Self::Sandwich => "errors over patients",
            Self::Bootstrap => "bootstrap over patients",
        }
    }
}

/// The area under the ROC curve up to a false positive rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PartialArea {
    /// The largest false positive rate.
    pub max_fpr: f64,
    /// The area itself, 0 to the rate.
    pub area: f64,
    /// McClish's standardised area: 0.5 for chance, 1 for a perfect order.
    pub standardised: Measure,
}

/// What calls at one threshold are worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointStatistics {
    /// Whether the threshold was chosen on validation cases; else it is the fixed one.
    pub chosen: bool,
    /// Probabilities at or above it are called positive. Validation cases are counted by a chosen threshold that has not
    /// seen their patient.
    pub threshold: f64,
    /// True and false positives and negatives.
    #[serde(flatten)]
    pub confusion: Confusion,
    /// `TP/(TP + FN)`.
    pub sensitivity: Option<Measure>,
    /// `TN/(TN + FP)`.
    pub specificity: Option<Measure>,
    /// `TP/(TP + FP)`, at the prevalence of these cases.
    pub ppv: Option<Measure>,
    /// `TN/(TN + FN)`, at the prevalence of these cases.
    pub npv: Option<Measure>,
    /// `sensitivity/(1 − specificity)`.
    pub positive_likelihood_ratio: Option<Measure>,
    /// `(1 − sensitivity)/specificity`.
    pub negative_likelihood_ratio: Option<Measure>,
    /// The same threshold where positives are as frequent as elsewhere; of whole exams only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at_prevalence: Vec<AtPrevalence>,
}

/// What a threshold means at an assumed prevalence and volume, sensitivity and specificity being as measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtPrevalence {
    /// Assumed share of positive exams.
    pub prevalence: f64,
    /// Assumed number of exams a day.
    pub exams_a_day: f64,
    /// Probability of disease after a positive call.
    pub ppv: Option<Measure>,
    /// Probability of no disease after a negative call.
    pub npv: Option<Measure>,
    /// Exams a day that are called positive.
    pub alarms_a_day: Measure,
    /// Those of them that are negative.
    pub false_positives_a_day: Measure,
    /// Positive exams a day that are called negative.
    pub missed_a_day: Measure,
}

/// Net benefit over thresholds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecisionCurve {
    /// Assumed share of positives; absent where it is that of the cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prevalence: Option<f64>,
    /// By ascending threshold.
    pub points: Vec<NetBenefit>,
}

/// How far probabilities are from frequencies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CalibrationStatistics {
    /// Calibration-in-the-large, on the logit scale: above 0 the probabilities are too low on the whole.
    pub in_the_large: Option<Measure>,
    /// Intercept of the calibration line; 0 is perfect.
    pub intercept: Option<Measure>,
    /// Slope of the calibration line; below 1 the probabilities are too extreme.
    pub slope: Option<Measure>,
    /// p value of "intercept 0 and slope 1".
    pub perfect_p: Option<f64>,
    /// Distances from the calibration curve.
    #[serde(flatten)]
    pub errors: Option<CalibrationErrors>,
    /// 95 % interval of the integrated calibration index, over resampled patients.
    pub ici_interval: Option<Interval>,
    /// The calibration curve: predicted probability and observed frequency.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<[f64; 2]>,
}
