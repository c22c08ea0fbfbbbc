//! The competition's weighted multi-label log loss and its parts.

use crate::data::labels::{COUNT, Labels, METRIC_WEIGHTS};

/// Probabilities are clipped to `[eps, 1 − eps]`; the competition's scorer appears to cap at 1e-15.
pub const DEFAULT_EPS: f64 = 1e-15;

/// What predicting each label's training share for every slice scores on stage 2 of the competition:
/// anything near it learned nothing.
pub const STAGE_2_PRIORS_LOG_LOSS: f64 = 0.2311;

/// The probability of the true class is clipped, not the prediction: `1 − (1 − eps)` is not `eps` in f64.
fn binary_cross_entropy(truth: bool, probability: f64, eps: f64) -> f64 {
    let of_truth = if truth { probability } else { 1.0 - probability };
    -of_truth.clamp(eps, 1.0 - eps).ln()
}

/// Mean log loss of one label; `None` without slices.
pub fn label_log_loss(truth: &[bool], probabilities: &[f64], eps: f64) -> Option<f64> {
    let sum: f64 = truth
        .iter()
        .zip(probabilities)
        .map(|(t, p)| binary_cross_entropy(*t, *p, eps))
        .sum();
    (!truth.is_empty()).then(|| sum / truth.len() as f64)
}

/// `L = 1/(7N) Σ_slices Σ_labels w·BCE` with w(any) = 2, else 1; `None` without slices.
pub fn weighted_log_loss(truth: &[Labels], probabilities: &[[f64; COUNT]], eps: f64) -> Option<f64> {
    let weights: f64 = METRIC_WEIGHTS.iter().sum();
    let sum: f64 = truth
        .iter()
        .zip(probabilities)
        .map(|(truth, probabilities)| {
            (0..COUNT)
                .map(|l| METRIC_WEIGHTS[l] * binary_cross_entropy(truth[l], probabilities[l], eps))
                .sum::<f64>()
        })
        .sum();
    (!truth.is_empty()).then(|| sum / (weights * truth.len() as f64))
}

/// Share of positives of each label; `None` without slices.
pub fn priors(truth: &[Labels]) -> Option<[f64; COUNT]> {
    (!truth.is_empty()).then(|| {
        std::array::from_fn(|label| {
            truth.iter().filter(|truth| truth[label]).count() as f64 / truth.len() as f64
        })
    })
}

/// Weighted log loss of predicting `priors` for every slice: what any model has to beat.
pub fn priors_log_loss(truth: &[Labels], priors: &[f64; COUNT], eps: f64) -> Option<f64> {
    weighted_log_loss(truth, &vec![*priors; truth.len()], eps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_half_everywhere_gives_ln_2(truth in prop::collection::vec(any::<Labels>(), 1..80)) {
            let loss = weighted_log_loss(&truth, &vec![[0.5; COUNT]; truth.len()], DEFAULT_EPS).unwrap();
            prop_assert!((loss - std::f64::consts::LN_2).abs() < 1e-13, "{}", loss);
        }

        #[test]
        fn the_order_of_slices_does_not_matter(
            slices in prop::collection::vec((any::<Labels>(), prop::array::uniform6(0.0_f64..=1.0)), 1..80),
        ) {
            let (truth, rows): (Vec<Labels>, Vec<[f64; COUNT]>) = slices.iter().rev().copied().unzip();
            let backwards = weighted_log_loss(&truth, &rows, DEFAULT_EPS).unwrap();
            let (truth, rows): (Vec<Labels>, Vec<[f64; COUNT]>) = slices.into_iter().unzip();
            let forwards = weighted_log_loss(&truth, &rows, DEFAULT_EPS).unwrap();
            prop_assert!((forwards - backwards).abs() <= 1e-12 * forwards.max(1.0));
        }
    }

    #[test]
    fn certainty_of_the_wrong_is_capped() {
        // Published: all ones against all zeros, capped at 1e-15.
        let loss = weighted_log_loss(&[[false; COUNT]], &[[1.0; COUNT]], 1e-15).unwrap();
        assert!((loss - 34.538_776_394_910_684).abs() < 1e-9);
    }

    #[test]
    fn stage_2_priors_give_the_published_score() {
        // 752,803 slices with the published means: each label's cross-entropy is its entropy.
        let priors: [f64; COUNT] = [0.143375, 0.004178, 0.047978, 0.034810, 0.047390, 0.062654];
        let entropy = |p: f64| -(p * p.ln() + (1.0 - p) * (1.0 - p).ln());
        let expected = (0..COUNT)
            .map(|l| METRIC_WEIGHTS[l] * entropy(priors[l]))
            .sum::<f64>()
            / 7.0;
        assert!((expected - STAGE_2_PRIORS_LOG_LOSS).abs() < 1e-4, "{expected}");
    }

    #[test]
    fn nothing_has_no_score() {
        assert_eq!(weighted_log_loss(&[], &[], DEFAULT_EPS), None);
        assert_eq!(label_log_loss(&[], &[], DEFAULT_EPS), None);
    }
}
