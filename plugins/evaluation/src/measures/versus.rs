//! The difference between two sets of predictions of the same slices.

use std::collections::HashMap;

use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::metrics::{self, PairedDifference};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;

use crate::settings::Evaluate;

/// Δ of the weighted log loss of `predictions` from that of `baseline`, over the slices whose truth is known, with an
/// interval from a bootstrap that measures both on the same patients. Both must be of the same slices, in any order.
///
/// # Errors
///
/// They are not of the same slices.
pub fn versus(
    predictions: &Predictions,
    baseline: &Predictions,
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Result<Option<PairedDifference>> {
    let of: HashMap<&str, &Vec<f64>> = baseline
        .slices
        .iter()
        .map(|slice| slice.id.as_str())
        .zip(&baseline.probabilities)
        .collect();
    let other: Option<Vec<Vec<f64>>> = predictions
        .with_truth()
        .map(|(slice, ..)| of.get(slice.id.as_str()).map(|row| (*row).clone()))
        .collect();
    match other.filter(|_| of.len() == predictions.slices.len()) {
        Some(other) => Ok(versus_rows(
            &LabelledPredictions::of(predictions),
            &other,
            settings,
            rng,
        )),
        None => Err(
            Error::new("the predictions and the baseline are not of the same slices")
                .help("compare predictions of one split, before and after a step"),
        ),
    }
}

/// The same, of probabilities in the order of `labelled`.
pub fn versus_rows(
    labelled: &LabelledPredictions,
    baseline: &[Vec<f64>],
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Option<PairedDifference> {
    let loss = |slices: &[usize], rows: &[Vec<f64>]| {
        let truth: Vec<&Labels> = slices.iter().map(|i| &labelled.truth[*i]).collect();
        let rows: Vec<&[f64]> = slices.iter().map(|i| rows[*i].as_slice()).collect();
        metrics::weighted_log_loss(&truth, &rows, labelled.labels.weights(), settings.eps)
    };
    metrics::paired_bootstrap(&labelled.patient, settings.bootstrap, rng, |slices| {
        loss(slices, baseline).zip(loss(slices, &labelled.probabilities))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::made_up::predictions;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn a_better_set_of_predictions_is_better_by_the_difference() {
        let truth: Vec<_> = (0..20).map(|i| Some([i % 4 < 2; 6].into())).collect();
        let baseline = predictions(&truth, 0.5);
        let mut better = predictions(&truth, 0.5);
        better.slices.reverse();
        better.probabilities = better
            .slices
            .iter()
            .map(|slice| {
                let truth = slice.labels.as_ref().unwrap();
                (0..6)
                    .map(|label| if truth.is_positive(label) { 0.8 } else { 0.2 })
                    .collect()
            })
            .collect();
        let compare = |a: &Predictions, b: &Predictions| {
            versus(a, b, &Evaluate::default(), &mut ChaCha8Rng::seed_from_u64(1))
        };
        let found = compare(&better, &baseline).unwrap().unwrap();
        assert!((found.difference - (0.5_f64 / 0.8).ln()).abs() < 1e-12);
        assert_eq!(found.lower_in, Some(1.0));
        let fewer = predictions(&truth[1..], 0.5);
        assert!(compare(&fewer, &baseline).is_err());
        better.slices[0].id = "another".into();
        assert!(compare(&better, &baseline).is_err());
    }
}
