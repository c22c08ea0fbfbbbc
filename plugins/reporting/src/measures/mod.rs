//! What is measured, as `metrics.json` holds it.

mod groups;
mod intervals;
mod judged;
mod label;

use std::collections::HashMap;

use ichflow_api::data::labels::{COUNT, Labels};
use ichflow_api::metrics::{self, Confusion, Interval, PairedDifference};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;

pub use groups::{GroupMetrics, Groups, PatientSpread, per_patient};
pub use intervals::LabelIntervals;
pub use judged::Judged;
pub use label::{AtThreshold, LabelMetrics};

/// Every metric of a run. Nothing in it depends on the machine or the time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Probabilities were clipped to `[eps, 1 − eps]` for log losses.
    pub eps: f64,
    /// Patients were resampled this often for the intervals.
    pub bootstrap: usize,
    /// Bins of the expected calibration error.
    pub calibration_bins: usize,
    /// Specificity at which sensitivity is given.
    pub specificity: f64,
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
    /// The `baseline` by itself, on the same held-out slices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<PartMetrics>,
    /// What the decision thresholds were chosen for, in words, if there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds_for: Option<String>,
    /// The held-out predictions before and after calibration, if they were calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// How the split came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<Balance>,
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
    /// The competition's metric with probabilities clipped as a submission's are.
    pub submitted: Submitted,
    /// 95 % interval over patients of the AUC of `any`.
    pub auc_any_interval: Option<Interval>,
    /// Every label.
    pub labels: Vec<LabelMetrics>,
    /// 95 % intervals over patients of every label's metrics.
    pub label_intervals: Vec<LabelIntervals>,
    /// What chosen thresholds do, label by label; empty where none were chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at_chosen: Vec<AtChosen>,
    /// By scanner style, place in the series and patient, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Groups>,
}

/// What a submission of these predictions would score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Submitted {
    /// Probabilities are clipped to `[clip, 1 − clip]`.
    pub clip: f64,
    /// The competition's metric then.
    pub weighted_log_loss: f64,
}

/// What the threshold chosen for one label does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtChosen {
    /// The label.
    pub label: &'static str,
    /// Chosen on all held-out slices. Held-out slices are counted by thresholds that were chosen without
    /// their patient, which may differ a little.
    #[serde(flatten)]
    pub counted: AtThreshold,
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
    /// A submission's probabilities are clipped to `[submission_clip, 1 − submission_clip]`.
    pub submission_clip: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            eps: metrics::DEFAULT_EPS,
            bootstrap: 200,
            calibration_bins: 15,
            threshold: 0.5,
            specificity: 0.9,
            submission_clip: 1e-6,
        }
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
        let measured = Self::of_judged(&Judged::of(predictions), priors, settings, rng)?;
        Ok(measured.map(|measured| Self {
            groups: Some(Groups::of(predictions, settings.eps)),
            ..measured
        }))
    }

    /// Adds what chosen thresholds do.
    #[must_use]
    pub fn at_thresholds(mut self, predictions: &Predictions, thresholds: &Thresholds) -> Self {
        self.at_chosen = (0..COUNT)
            .filter_map(|label| {
                let mut counts = Confusion::default();
                for (slice, row, truth) in predictions.with_truth() {
                    // Where a patient's own label was all there is, none could be chosen without it.
                    let threshold = thresholds.for_slice(&slice.id)[label]?;
                    counts.add(truth[label], row[label] >= threshold);
                }
                Some(AtChosen {
                    label: LABELS[label],
                    counted: AtThreshold::counted(thresholds.of_label[label]?, counts),
                })
            })
            .collect();
        self
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
        let clip = settings.submission_clip;
        let submitted = Submitted {
            clip,
            weighted_log_loss: metrics::weighted_log_loss(truth, &clipped(probabilities, clip), eps)
                .unwrap_or(weighted_log_loss),
        };
        let intervals = intervals::intervals(judged, settings, rng);
        Ok(Some(Self {
            slices: truth.len(),
            patients: judged.patients,
            weighted_log_loss,
            weighted_log_loss_interval: intervals.weighted_log_loss,
            priors_log_loss,
            submitted,
            auc_any_interval: intervals.labels.first().and_then(|any| any.auc),
            labels: (0..COUNT)
                .filter_map(|label| LabelMetrics::of(judged, label, settings))
                .collect(),
            label_intervals: intervals.labels,
            at_chosen: Vec::new(),
            groups: None,
        }))
    }

    /// AUC of `any`.
    pub fn auc_any(&self) -> Option<f64> {
        self.labels.first().and_then(|any| any.auc)
    }
}

fn clipped(probabilities: &[[f64; COUNT]], clip: f64) -> Vec<[f64; COUNT]> {
    let row = |row: &[f64; COUNT]| row.map(|p| p.clamp(clip, 1.0 - clip));
    probabilities.iter().map(row).collect()
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
