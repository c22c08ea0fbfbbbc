//! What is measured, as `metrics.json` holds it.

use std::collections::HashMap;

use ichflow_api::labels::{COUNT, Labels};
use ichflow_api::metrics::{self, Confusion, Interval, OperatingPoint, PairedDifference};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;

/// Every metric of a run. Nothing in it depends on the machine or the time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Probabilities were clipped to `[eps, 1 − eps]` for log losses.
    pub eps: f64,
    /// Patients were resampled this often for the intervals.
    pub bootstrap: usize,
    /// Bins of the expected calibration error.
    pub calibration_bins: usize,
    /// Share of positives of each label among the slices trained on, 0 to 1; what `priors_log_loss`
    /// predicts for every slice.
    pub training_priors: Vec<Prior>,
    /// The held-out slices.
    pub valid: PartMetrics,
    /// The test slices, where their truth is known.
    pub test: Option<PartMetrics>,
    /// The weighted log loss of the held-out predictions less that of the `baseline`, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versus_baseline: Option<PairedDifference>,
}

impl Artifact for Metrics {
    const NAME: &'static str = "metrics";
}

/// Share of positives of one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prior {
    /// The label.
    pub label: &'static str,
    /// Share of positives, 0 to 1.
    pub share: f64,
}

/// The metrics of one part of the data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartMetrics {
    /// Slices with known truth.
    pub slices: usize,
    /// Patients they belong to; 0 where that is not known.
    pub patients: usize,
    /// The competition's metric: `any` counts twice.
    pub weighted_log_loss: f64,
    /// Its 95 % interval over patients.
    pub weighted_log_loss_interval: Option<Interval>,
    /// Weighted log loss of predicting the training shares for every slice: what a model has to beat.
    pub priors_log_loss: f64,
    /// 95 % interval over patients of the AUC of `any`.
    pub auc_any_interval: Option<Interval>,
    /// Every label.
    pub labels: Vec<LabelMetrics>,
}

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
        let confusion = Confusion::at(truth, probabilities, threshold);
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

/// How the metrics are computed.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Probabilities are clipped to `[eps, 1 − eps]`.
    pub eps: f64,
    /// Number of resamples; 0 for no intervals.
    pub bootstrap: usize,
    /// Bins of the expected calibration error.
    pub calibration_bins: usize,
    /// Threshold at which right and wrong are counted.
    pub threshold: f64,
    /// Specificity at which sensitivity is given.
    pub specificity: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            eps: metrics::DEFAULT_EPS,
            bootstrap: 200,
            calibration_bins: 15,
            threshold: 0.5,
            specificity: 0.9,
        }
    }
}

/// Truth and probabilities of the slices whose truth is known, in the order predicted.
#[derive(Clone)]
pub struct Judged {
    /// Truth.
    pub truth: Vec<Labels>,
    /// Probabilities.
    pub probabilities: Vec<[f64; COUNT]>,
    /// Patient of each slice, numbered from 0 in the order of appearance.
    pub patient: Vec<usize>,
    /// Number of patients; 0 where that is not known.
    pub patients: usize,
}

impl Judged {
    /// Collects what can be judged.
    pub fn of(predictions: &Predictions) -> Self {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let (mut truth, mut probabilities, mut patient) = (Vec::new(), Vec::new(), Vec::new());
        for (slice, predicted, labels) in predictions.with_truth() {
            let next = numbers.len();
            patient.push(*numbers.entry(&slice.patient).or_insert(next));
            truth.push(labels);
            probabilities.push(*predicted);
        }
        Self {
            truth,
            probabilities,
            patient,
            patients: numbers.len(),
        }
    }

    /// Truth and probabilities of one label.
    pub fn label(&self, label: usize) -> (Vec<bool>, Vec<f64>) {
        (
            self.truth.iter().map(|truth| truth[label]).collect(),
            self.probabilities
                .iter()
                .map(|predicted| predicted[label])
                .collect(),
        )
    }

    /// The first slice with a probability that is not a number between 0 and 1.
    fn nonsense(&self) -> bool {
        self.probabilities
            .iter()
            .flatten()
            .any(|probability| !(0.0..=1.0).contains(probability))
    }
}

impl PartMetrics {
    /// The metrics of some predictions; `None` if no slice's truth is known.
    pub fn of(
        predictions: &Predictions,
        priors: &[f64; COUNT],
        settings: Settings,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Self>> {
        Self::of_judged(&Judged::of(predictions), priors, settings, rng)
    }

    /// The metrics of what can be judged; `None` if that is nothing.
    pub fn of_judged(
        judged: &Judged,
        priors: &[f64; COUNT],
        settings: Settings,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Self>> {
        if judged.nonsense() {
            return Err(
                Error::new("some predicted probabilities are not numbers between 0 and 1").help(
                    "training has probably diverged: lower the learning rate, and look at the loss in history.csv",
                ),
            );
        }
        let Judged {
            truth, probabilities, ..
        } = judged;
        let eps = settings.eps;
        let (Some(weighted_log_loss), Some(priors_log_loss)) = (
            metrics::weighted_log_loss(truth, probabilities, eps),
            metrics::priors_log_loss(truth, priors, eps),
        ) else {
            return Ok(None);
        };
        let [weighted_log_loss_interval, auc_any_interval] =
            metrics::cluster_bootstrap(&judged.patient, settings.bootstrap, rng, |slices| {
                let truth: Vec<Labels> = slices.iter().map(|i| truth[*i]).collect();
                let probabilities: Vec<[f64; COUNT]> = slices.iter().map(|i| probabilities[*i]).collect();
                let any: Vec<bool> = truth.iter().map(|truth| truth[0]).collect();
                let any_probability: Vec<f64> = probabilities.iter().map(|predicted| predicted[0]).collect();
                [
                    metrics::weighted_log_loss(&truth, &probabilities, eps),
                    metrics::auc(&any, &any_probability),
                ]
            });
        Ok(Some(Self {
            slices: truth.len(),
            patients: judged.patients,
            weighted_log_loss,
            weighted_log_loss_interval,
            priors_log_loss,
            auc_any_interval,
            labels: (0..COUNT)
                .filter_map(|label| LabelMetrics::of(judged, label, settings))
                .collect(),
        }))
    }

    /// AUC of `any`.
    pub fn auc_any(&self) -> Option<f64> {
        self.labels.first().and_then(|any| any.auc)
    }
}

impl LabelMetrics {
    fn of(judged: &Judged, label: usize, settings: Settings) -> Option<Self> {
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

/// The weighted log loss of `predictions` less that of `baseline`, over the slices whose truth is known.
/// Both must be of the same slices, in any order.
pub fn versus(
    predictions: &Predictions,
    baseline: &Predictions,
    settings: Settings,
    rng: &mut ChaCha8Rng,
) -> Result<Option<PairedDifference>> {
    let of: HashMap<&str, &[f64; COUNT]> = baseline
        .slices
        .iter()
        .map(|slice| slice.id.as_str())
        .zip(&baseline.probabilities)
        .collect();
    let other: Option<Vec<[f64; COUNT]>> = predictions
        .with_truth()
        .map(|(slice, ..)| of.get(slice.id.as_str()).map(|row| **row))
        .collect();
    match other.filter(|_| of.len() == predictions.slices.len()) {
        Some(other) => Ok(versus_rows(&Judged::of(predictions), &other, settings, rng)),
        None => Err(
            Error::new("the predictions and the baseline are not of the same slices")
                .help("compare predictions of one split, before and after a step"),
        ),
    }
}

/// The same, of probabilities in the order of `judged`.
pub fn versus_rows(
    judged: &Judged,
    baseline: &[[f64; COUNT]],
    settings: Settings,
    rng: &mut ChaCha8Rng,
) -> Option<PairedDifference> {
    let loss = |slices: &[usize], rows: &[[f64; COUNT]]| {
        let truth: Vec<Labels> = slices.iter().map(|i| judged.truth[*i]).collect();
        let rows: Vec<[f64; COUNT]> = slices.iter().map(|i| rows[*i]).collect();
        metrics::weighted_log_loss(&truth, &rows, settings.eps)
    };
    metrics::paired_bootstrap(&judged.patient, settings.bootstrap, rng, |slices| {
        loss(slices, baseline).zip(loss(slices, &judged.probabilities))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;
    use rand_chacha::rand_core::SeedableRng;

    fn measure(predictions: &Predictions) -> Result<Option<PartMetrics>> {
        PartMetrics::of(
            predictions,
            &[0.1; COUNT],
            Settings {
                bootstrap: 40,
                ..Settings::default()
            },
            &mut ChaCha8Rng::seed_from_u64(1),
        )
    }

    fn predictions(truth: &[Option<Labels>], probability: f64) -> Predictions {
        Predictions {
            slices: truth
                .iter()
                .enumerate()
                .map(|(i, labels)| testkit::slice(&format!("s{i}"), &format!("p{}", i / 2), *labels))
                .collect(),
            probabilities: vec![[probability; COUNT]; truth.len()],
        }
    }

    #[test]
    fn one_class_is_said_and_not_scored() {
        let some = Some([true, false, true, false, false, false]);
        let none = Some([false; COUNT]);
        let measured = measure(&predictions(&[some, none, none, None, some, none], 0.5))
            .unwrap()
            .unwrap();
        assert_eq!((measured.slices, measured.patients), (5, 3));
        assert_eq!(measured.auc_any(), Some(0.5));
        assert_eq!(measured.labels[1].auc, None);
        assert_eq!(
            measured.labels[1].note.as_deref(),
            Some("AUC and average precision are undefined: no slice is positive")
        );
        assert!((measured.weighted_log_loss - std::f64::consts::LN_2).abs() < 1e-12);
        let interval = measured.weighted_log_loss_interval.unwrap();
        assert!(interval.low <= interval.high);
    }

    #[test]
    fn a_better_set_of_predictions_is_better_by_the_difference() {
        let truth: Vec<_> = (0..20).map(|i| Some([i % 4 < 2; COUNT])).collect();
        let baseline = predictions(&truth, 0.5);
        let mut better = predictions(&truth, 0.5);
        better.slices.reverse();
        better.probabilities = better
            .slices
            .iter()
            .map(|slice| {
                slice
                    .labels
                    .unwrap()
                    .map(|positive| if positive { 0.8 } else { 0.2 })
            })
            .collect();
        let compare = |a: &Predictions, b: &Predictions| {
            versus(a, b, Settings::default(), &mut ChaCha8Rng::seed_from_u64(1))
        };
        let found = compare(&better, &baseline).unwrap().unwrap();
        assert!((found.difference - (0.5_f64 / 0.8).ln()).abs() < 1e-12);
        assert_eq!(found.lower_in, Some(1.0));
        let fewer = predictions(&truth[1..], 0.5);
        assert!(compare(&fewer, &baseline).is_err());
        better.slices[0].id = "another".into();
        assert!(compare(&better, &baseline).is_err());
    }

    #[test]
    fn unknown_truth_is_no_score_and_nonsense_is_an_error() {
        assert_eq!(measure(&predictions(&[None, None], 0.5)).unwrap(), None);
        for nonsense in [f64::NAN, 1.5, -0.1] {
            assert!(measure(&predictions(&[Some([true; COUNT])], nonsense)).is_err());
        }
    }
}
