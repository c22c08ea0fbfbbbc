//! How metrics are computed: the parameters of the stage `evaluate`, which `ichflow score` and `compare` measure by too.

use ichflow_api::data::measures::Computed;
use ichflow_api::metrics;
use ichflow_api::prelude::*;

/// Measures the validation predictions, and the test predictions where their truth is known: the
/// competition's weighted log loss beside that of the prevalence baseline, and for every label log loss,
/// AUROC, average precision, accuracy, Brier score, expected calibration error, the confusion at a threshold,
/// and the sensitivity at a stated specificity. Writes `metrics.json`.
///
/// Beside these are, for every label, intervals by closed formulas where every patient has one case and over patients where
/// not; partial AUROC, PPV, NPV, likelihood ratios, decision curves and calibration; of exams also PPV, NPV and alarms a day
/// at `prevalences` and `exams_a_day`, which are assumptions and not measured. Where something is undefined it is absent,
/// and a note says why.
///
/// Predictions of whole exams, such as `aggregate` and `predict-series` offer, are measured beside those of slices, under
/// `exams` in `metrics.json`. With `valid = "exams.exams"` exams alone are judged. Thresholds that were chosen on exams are
/// those of exams; where slices have some too, name the exams' with `exam_thresholds = "…"`.
///
/// Where the stages `position-only` and `header-only` stand before it, or `histogram = "histogram.valid"` and
/// `test_histogram = "histogram.test"` name the predictions of `histogram-logistic`, `baselines` in `metrics.json` says how
/// much of the score they reach, knowing so little.
///
/// Exams, or slices where no exams are judged, are divided by site and whatever columns the cohort has, by scanner, kernel,
/// thickness, kVp, tilt, age band, sex, pixel encoding and lesion load: `subgroups` in `metrics.json` has AUROC,
/// sensitivity, specificity and calibration of each group with intervals, and names the worst.
///
/// Thresholds chosen by `thresholds`, what `calibrate` did and how the split came out go into `metrics.json`
/// too, where there are such stages before it.
///
/// With `baseline = "predict.valid"` (or any other validation predictions of the same slices) it also says how
/// the weighted log loss differs from theirs, with an interval from a bootstrap that measures both on the
/// same patients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Evaluate {
    /// Probabilities are clipped to `[eps, 1 − eps]` before a log loss is taken. The competition's scorer
    /// appears to use 1e-15.
    #[schemars(range(min = 0.0, max = 0.1))]
    pub eps: f64,
    /// How often patients are resampled for the 95 % intervals of the weighted log loss and of the AUROC
    /// of `any`; 0 leaves the intervals out.
    #[schemars(range(min = 0, max = 100_000))]
    pub bootstrap: usize,
    /// Number of bins of equal width for the expected calibration error.
    #[schemars(range(min = 1, max = 1000))]
    pub calibration_bins: usize,
    /// Probabilities at or above it are called positive where the confusion is counted.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// The share of negatives that must be called so where the highest sensitivity is looked for.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub specificity: f64,
    /// The score is also given with probabilities kept within `submission_clip` and `1 − submission_clip`,
    /// as a submission's are.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub submission_clip: f64,
    /// The largest false positive rate of the partial AUROC.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub max_fpr: f64,
    /// Assumed shares of positive exams, at which PPV, NPV, alarms a day and net benefit are stated. Hospitals see 5 to
    /// 10 % of head CTs with a hemorrhage, public sets far more.
    #[schemars(inner(range(min = 0.0, max = 1.0)))]
    pub prevalences: Vec<f64>,
    /// Patients that a subgroup must have to be shown; smaller ones are counted alone, since they say little and may tell
    /// who is in them.
    #[schemars(range(min = 1, max = 100_000))]
    pub min_group: usize,
    /// Assumed number of exams a day, for alarms a day.
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub exams_a_day: f64,
}

impl Default for Evaluate {
    fn default() -> Self {
        Self {
            eps: metrics::DEFAULT_EPS,
            bootstrap: 200,
            calibration_bins: 15,
            threshold: 0.5,
            specificity: 0.9,
            submission_clip: 1e-6,
            max_fpr: 0.1,
            min_group: 10,
            prevalences: vec![0.05, 0.1],
            exams_a_day: 100.0,
        }
    }
}

impl From<&Evaluate> for Computed {
    fn from(settings: &Evaluate) -> Self {
        Self {
            eps: settings.eps,
            bootstrap: settings.bootstrap,
            calibration_bins: settings.calibration_bins,
            specificity: settings.specificity,
        }
    }
}
