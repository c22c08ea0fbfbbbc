//! Log loss: of one label, of several with weights, and of the prevalence baseline.

/// Probabilities are clipped to `[eps, 1 − eps]`; Kaggle's scorer appears to use 1e-15.
pub const DEFAULT_EPS: f64 = 1e-15;

/// The probability of the true class is clipped, not the prediction: `1 − (1 − eps)` is not `eps` in f64.
fn binary_cross_entropy(truth: bool, probability: f64, eps: f64) -> f64 {
    let of_truth = if truth { probability } else { 1.0 - probability };
    -of_truth.clamp(eps, 1.0 - eps).ln()
}

/// Mean log loss of one label, `−1/N Σ ln p(truth)`, in nats; `None` without slices.
///
/// `truth` and `probabilities` have one entry a slice.
pub fn label_log_loss(truth: &[bool], probabilities: &[f64], eps: f64) -> Option<f64> {
    let sum: f64 = truth
        .iter()
        .zip(probabilities)
        .map(|(t, p)| binary_cross_entropy(*t, *p, eps))
        .sum();
    (!truth.is_empty()).then(|| sum / truth.len() as f64)
}

/// Weighted multi-label log loss, `1/(N Σ w) Σ_slices Σ_labels w·BCE`, in nats; `None` without slices.
///
/// `truth` and `probabilities` have one row per slice and one column per label, `weights` one entry a label. With the weights
/// 2, 1, 1, 1, 1, 1 this is the metric of the RSNA Intracranial Hemorrhage Detection challenge (Flanders et al. 2020).
pub fn weighted_log_loss<const LABELS: usize>(
    truth: &[[bool; LABELS]],
    probabilities: &[[f64; LABELS]],
    weights: &[f64; LABELS],
    eps: f64,
) -> Option<f64> {
    let total: f64 = weights.iter().sum();
    let sum: f64 = truth
        .iter()
        .zip(probabilities)
        .map(|(truth, probabilities)| {
            (0..LABELS)
                .map(|l| weights[l] * binary_cross_entropy(truth[l], probabilities[l], eps))
                .sum::<f64>()
        })
        .sum();
    (!truth.is_empty()).then(|| sum / (total * truth.len() as f64))
}

/// Prevalence of each label, the share of positive slices, 0 to 1; `None` without slices.
pub fn prevalence<const LABELS: usize>(truth: &[[bool; LABELS]]) -> Option<[f64; LABELS]> {
    (!truth.is_empty()).then(|| {
        std::array::from_fn(|label| {
            truth.iter().filter(|truth| truth[label]).count() as f64 / truth.len() as f64
        })
    })
}

/// Weighted log loss of the prevalence baseline, which predicts `prevalence` for every slice: what any model has to
/// beat. `None` without slices.
pub fn prevalence_log_loss<const LABELS: usize>(
    truth: &[[bool; LABELS]],
    prevalence: &[f64; LABELS],
    weights: &[f64; LABELS],
    eps: f64,
) -> Option<f64> {
    weighted_log_loss(truth, &vec![*prevalence; truth.len()], weights, eps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COUNT: usize = 6;
    type Labels = [bool; COUNT];
    /// Of the RSNA 2019 challenge.
    const WEIGHTS: [f64; COUNT] = [2.0, 1.0, 1.0, 1.0, 1.0, 1.0];

    proptest! {
        #[test]
        fn one_half_everywhere_gives_ln_2(truth in prop::collection::vec(any::<Labels>(), 1..80)) {
            let loss = weighted_log_loss(&truth, &vec![[0.5; COUNT]; truth.len()], &WEIGHTS, DEFAULT_EPS).unwrap();
            prop_assert!((loss - std::f64::consts::LN_2).abs() < 1e-13, "{}", loss);
        }

        #[test]
        fn the_order_of_slices_does_not_matter(
            slices in prop::collection::vec((any::<Labels>(), prop::array::uniform6(0.0_f64..=1.0)), 1..80),
        ) {
            let (truth, rows): (Vec<Labels>, Vec<[f64; COUNT]>) = slices.iter().rev().copied().unzip();
            let backwards = weighted_log_loss(&truth, &rows, &WEIGHTS, DEFAULT_EPS).unwrap();
            let (truth, rows): (Vec<Labels>, Vec<[f64; COUNT]>) = slices.into_iter().unzip();
            let forwards = weighted_log_loss(&truth, &rows, &WEIGHTS, DEFAULT_EPS).unwrap();
            prop_assert!((forwards - backwards).abs() <= 1e-12 * forwards.max(1.0));
        }
    }

    #[test]
    fn certainty_of_the_wrong_is_capped() {
        // Published: all ones against all zeros, capped at 1e-15.
        let loss = weighted_log_loss(&[[false; COUNT]], &[[1.0; COUNT]], &WEIGHTS, 1e-15).unwrap();
        assert!((loss - 34.538_776_394_910_684).abs() < 1e-9);
    }

    #[test]
    fn the_prevalence_of_stage_2_gives_the_published_score() {
        // 752,803 slices with the published means: each label's cross-entropy is its entropy.
        let prevalence: [f64; COUNT] = [0.143375, 0.004178, 0.047978, 0.034810, 0.047390, 0.062654];
        let entropy = |p: f64| -(p * p.ln() + (1.0 - p) * (1.0 - p).ln());
        let expected = (0..COUNT)
            .map(|l| WEIGHTS[l] * entropy(prevalence[l]))
            .sum::<f64>()
            / 7.0;
        assert!((expected - 0.2311).abs() < 1e-4, "{expected}");
    }

    #[test]
    fn nothing_has_no_score() {
        assert_eq!(weighted_log_loss::<COUNT>(&[], &[], &WEIGHTS, DEFAULT_EPS), None);
        assert_eq!(label_log_loss(&[], &[], DEFAULT_EPS), None);
    }
}
