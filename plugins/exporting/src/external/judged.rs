//! Predictions held against the truth: loss, calibration, decisions.

use ichflow_api::data::external::{Judged, JudgedLabel};
use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::AtThreshold;
use ichflow_api::metrics::{self, Coefficient, Confidence, Confusion, Estimate};
use ichflow_api::prelude::*;

/// Probabilities are kept this far from certainty where their logit is taken.
const EPS: f64 = 1e-7;

/// Judges predictions, and the decisions by thresholds; nothing where no truth is known.
///
/// # Errors
/// A probability is not a number between 0 and 1.
pub(super) fn judge(predictions: &Predictions, thresholds: Option<&Thresholds>) -> Result<Option<Judged>> {
    let labelled = LabelledPredictions::of(predictions);
    if labelled.has_invalid_probabilities() {
        return Err(Error::new(
            "some predicted probabilities are not numbers between 0 and 1",
        ));
    }
    let weights = labelled.labels.weights();
    let loss = metrics::weighted_log_loss(
        &labelled.truth,
        &labelled.probabilities,
        weights,
        metrics::DEFAULT_EPS,
    );
    Ok(loss.map(|weighted_log_loss| Judged {
        cases: labelled.truth.len(),
        patients: labelled.patients,
        weighted_log_loss,
        thresholds_for: thresholds.map(|thresholds| thresholds.target.clone()),
        labels: (0..labelled.labels.len())
            .filter_map(|label| judge_label(predictions, &labelled, thresholds, label))
            .collect(),
    }))
}

fn judge_label(
    predictions: &Predictions,
    labelled: &LabelledPredictions,
    thresholds: Option<&Thresholds>,
    label: usize,
) -> Option<JudgedLabel> {
    let (truth, probabilities) = labelled.label(label);
    let patients: Vec<usize> = labelled
        .known(label)
        .map(|(case, _)| labelled.patient[case])
        .collect();
    let estimate = |coefficient: Coefficient| Estimate {
        value: coefficient.value,
        interval: Some(coefficient.interval(Confidence::PERCENT_95)),
    };
    let line = metrics::calibration_line(&truth, &probabilities, &patients, EPS);
    let large = metrics::calibration_in_the_large(&truth, &probabilities, &patients, EPS);
    let positives = truth.iter().filter(|positive| **positive).count();
    Some(JudgedLabel {
        label: labelled.labels.name(label).to_owned(),
        positives,
        log_loss: metrics::label_log_loss(&truth, &probabilities, metrics::DEFAULT_EPS)?,
        auc: metrics::auroc(&truth, &probabilities).filter(|_| positives > 0 && positives < truth.len()),
        slope: line.as_ref().ok().map(|line| estimate(line.slope)),
        intercept: line.as_ref().ok().map(|line| estimate(line.intercept)),
        in_the_large: large.ok().map(estimate),
        at_threshold: thresholds.and_then(|thresholds| at_threshold(predictions, thresholds, label)),
        note: line.err().map(|error| error.to_string()),
    })
}

/// Decisions by thresholds that were chosen without the case's patient, where they were chosen here.
fn at_threshold(predictions: &Predictions, thresholds: &Thresholds, label: usize) -> Option<AtThreshold> {
    let mut counts = Confusion::default();
    for (index, positive, probability) in predictions.known(label) {
        let of_case = thresholds.for_slice(&predictions.slices.get(index)?.id);
        if let Some(threshold) = of_case.get(label).copied().flatten() {
            counts.add(positive, probability >= threshold);
        }
    }
    Some(AtThreshold::counted((*thresholds.of_label.get(label)?)?, counts))
}
