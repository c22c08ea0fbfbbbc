//! The metrics of one label.

use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::{AtThreshold, LabelMetrics};
use ichflow_api::metric;
use ichflow_api::metrics::{self, Confusion};

use crate::settings::Evaluate;

/// The metrics of a label, by its place among the labels; `None` without slices.
pub(super) fn measure(
    labelled: &LabelledPredictions,
    label: usize,
    settings: &Evaluate,
) -> Option<LabelMetrics> {
    let (truth, probabilities) = labelled.label(label);
    let positives = truth.iter().filter(|positive| **positive).count();
    let unit = labelled.unit;
    let one_class = if positives == 0 {
        Some(format!("no {unit} is positive"))
    } else if positives == truth.len() {
        Some(format!("every {unit} is positive"))
    } else {
        None
    };
    let ranked = one_class.is_none();
    Some(LabelMetrics {
        label: labelled.labels.name(label).to_owned(),
        positives,
        log_loss: metrics::label_log_loss(&truth, &probabilities, settings.eps)?,
        auc: metrics::auroc(&truth, &probabilities).filter(|_| ranked),
        average_precision: metrics::average_precision(&truth, &probabilities).filter(|_| ranked),
        accuracy: metrics::accuracy(&truth, &probabilities, 0.5)?,
        brier: metrics::brier(&truth, &probabilities)?,
        expected_calibration_error: metrics::expected_calibration_error(
            &truth,
            &probabilities,
            settings.calibration_bins,
        )?,
        at_threshold: AtThreshold::counted(
            settings.threshold,
            Confusion::at(&truth, &probabilities, settings.threshold),
        ),
        at_specificity: metrics::sensitivity_at_specificity(&truth, &probabilities, settings.specificity),
        more: metric::measured(&truth, &probabilities),
        note: one_class.map(|why| format!("AUROC and average precision are undefined: {why}")),
    })
}
