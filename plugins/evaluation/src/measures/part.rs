//! The metrics of one part of the data.

use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::{AtChosen, AtThreshold, PartMetrics, Submitted};
use ichflow_api::metrics::{self, Confusion};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::{groups, intervals, label};
use crate::settings::Evaluate;

/// The metrics of some predictions; `None` if no slice's truth is known. `prevalence` is that of each label among
/// the training slices.
///
/// # Errors
///
/// A probability is not a number between 0 and 1.
pub fn measure(
    predictions: &Predictions,
    prevalence: &[f64],
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Result<Option<PartMetrics>> {
    let measured = measure_labelled(&LabelledPredictions::of(predictions), prevalence, settings, rng)?;
    Ok(measured.map(|measured| PartMetrics {
        groups: Some(groups::measure(predictions, settings.eps)),
        ..measured
    }))
}

/// The same of predictions that are known to have a truth, without groups.
///
/// # Errors
///
/// A probability is not a number between 0 and 1.
pub fn measure_labelled(
    labelled: &LabelledPredictions,
    prevalence: &[f64],
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Result<Option<PartMetrics>> {
    if labelled.has_invalid_probabilities() {
        return Err(
            Error::new("some predicted probabilities are not numbers between 0 and 1").help(
                "training has probably diverged: lower the learning rate, and look at the loss in history.csv",
            ),
        );
    }
    let LabelledPredictions {
        labels,
        truth,
        probabilities,
        ..
    } = labelled;
    let eps = settings.eps;
    let (Some(weighted_log_loss), Some(prevalence_log_loss)) = (
        metrics::weighted_log_loss(truth, probabilities, labels.weights(), eps),
        metrics::prevalence_log_loss(truth, prevalence, labels.weights(), eps),
    ) else {
        return Ok(None);
    };
    let clip = settings.submission_clip;
    let submitted = Submitted {
        clip,
        weighted_log_loss: metrics::weighted_log_loss(
            truth,
            &clipped(probabilities, clip),
            labels.weights(),
            eps,
        )
        .unwrap_or(weighted_log_loss),
    };
    let intervals = intervals::intervals(labelled, settings, rng);
    Ok(Some(PartMetrics {
        slices: truth.len(),
        patients: labelled.patients,
        weighted_log_loss,
        weighted_log_loss_interval: intervals.weighted_log_loss,
        prevalence_log_loss,
        submitted,
        auc_any_interval: intervals.labels[labels.headline()].auc,
        headline: Some(labels.name(labels.headline()).to_owned()).filter(|name| name != "any"),
        labels: (0..labels.len())
            .filter_map(|label| label::measure(labelled, label, settings))
            .collect(),
        label_intervals: intervals.labels,
        at_chosen: Vec::new(),
        statistics: Vec::new(),
        groups: None,
        subgroups: None,
    }))
}

/// Confusion at the chosen operating points, label by label.
pub fn at_thresholds(predictions: &Predictions, thresholds: &Thresholds) -> Vec<AtChosen> {
    (0..predictions.labels.len())
        .filter_map(|label| {
            let mut counts = Confusion::default();
            for (slice, row, truth) in predictions.with_truth() {
                // Where a patient's own label was all there is, none could be chosen without it.
                let threshold = *thresholds.for_slice(&slice.id).get(label)?;
                if let Some(positive) = truth.positive(label) {
                    counts.add(positive, row[label] >= threshold?);
                }
            }
            Some(AtChosen {
                label: predictions.labels.name(label).to_owned(),
                counted: AtThreshold::counted((*thresholds.of_label.get(label)?)?, counts),
            })
        })
        .collect()
}

fn clipped(probabilities: &[Vec<f64>], clip: f64) -> Vec<Vec<f64>> {
    let row = |row: &Vec<f64>| row.iter().map(|p| p.clamp(clip, 1.0 - clip)).collect();
    probabilities.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::made_up::predictions;
    use rand_chacha::rand_core::SeedableRng;

    fn measured(predictions: &Predictions) -> Result<Option<PartMetrics>> {
        measure(
            predictions,
            &[0.1; 6],
            &Evaluate {
                bootstrap: 40,
                ..Evaluate::default()
            },
            &mut ChaCha8Rng::seed_from_u64(1),
        )
    }

    #[test]
    fn one_class_is_said_and_not_scored() {
        let some = || Some([true, false, true, false, false, false].into());
        let none = || Some(Labels::negative(6));
        let found = measured(&predictions(&[some(), none(), none(), None, some(), none()], 0.5))
            .unwrap()
            .unwrap();
        assert_eq!((found.slices, found.patients), (5, 3));
        assert_eq!(found.auc_any(), Some(0.5));
        assert_eq!(found.labels[1].auc, None);
        assert_eq!(
            found.labels[1].note.as_deref(),
            Some("AUROC and average precision are undefined: no slice is positive")
        );
        assert!((found.weighted_log_loss - std::f64::consts::LN_2).abs() < 1e-12);
        let interval = found.weighted_log_loss_interval.unwrap();
        assert!(interval.low <= interval.high);
    }

    #[test]
    fn unknown_truth_is_no_score_and_invalid_is_an_error() {
        assert_eq!(measured(&predictions(&[None, None], 0.5)).unwrap(), None);
        for invalid in [f64::NAN, 1.5, -0.1] {
            assert!(measured(&predictions(&[Some([true; 6].into())], invalid)).is_err());
        }
    }
}
