//! Log loss: of one label, of several with weights, and of the prevalence baseline.

/// Probabilities are clipped to `[eps, 1 − eps]`; Kaggle's scorer appears to use 1e-15.
pub const DEFAULT_EPS: f64 = 1e-15;

/// What is known of one label of one slice.
pub trait Truth: Copy {
    /// 1 where it is positive, 0 where it is negative, between the two for a soft label; `None` where it is unknown.
    fn value(self) -> Option<f32>;
}

impl Truth for bool {
    fn value(self) -> Option<f32> {
        Some(if self { 1.0 } else { 0.0 })
    }
}

impl Truth for Option<f32> {
    fn value(self) -> Option<f32> {
        self
    }
}

/// The probability of the true class is clipped, not the prediction: `1 − (1 − eps)` is not `eps` in f64.
fn log_of(probability: f64, eps: f64) -> f64 {
    -probability.clamp(eps, 1.0 - eps).ln()
}

fn binary_cross_entropy(truth: bool, probability: f64, eps: f64) -> f64 {
    log_of(if truth { probability } else { 1.0 - probability }, eps)
}

/// The cross-entropy of a soft label is that of its two halves.
fn cross_entropy(truth: f32, probability: f64, eps: f64) -> f64 {
    match truth {
        0.0 => binary_cross_entropy(false, probability, eps),
        1.0 => binary_cross_entropy(true, probability, eps),
        _ => {
            let truth = f64::from(truth);
            truth * log_of(probability, eps) + (1.0 - truth) * log_of(1.0 - probability, eps)
        }
    }
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

/// Weighted multi-label log loss, `Σ_slices Σ_labels w·BCE / Σ_slices Σ_labels w` over what is known, in nats; `None`
/// where nothing is.
///
/// `truth` and `probabilities` have one row per slice and one column per label, `weights` one entry a label. An entry whose truth is
/// unknown does not count. With the weights
/// 2, 1, 1, 1, 1, 1 this is the metric of the RSNA Intracranial Hemorrhage Detection challenge (Flanders et al. 2020).
pub fn weighted_log_loss<T: Truth>(
    truth: &[impl AsRef<[T]>],
    probabilities: &[impl AsRef<[f64]>],
    weights: &[f64],
    eps: f64,
) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (truth, probabilities) in truth.iter().zip(probabilities) {
        // A slice's sum first: rounding is that of the rows, whatever their number.
        let (mut of_slice, mut weight_of_slice) = (0.0, 0.0);
        for ((truth, probability), weight) in truth.as_ref().iter().zip(probabilities.as_ref()).zip(weights) {
            if let Some(truth) = truth.value() {
                of_slice += weight * cross_entropy(truth, *probability, eps);
                weight_of_slice += weight;
            }
        }
        sum += of_slice;
        total += weight_of_slice;
    }
    (total > 0.0).then(|| sum / total)
}

/// Prevalence of each of `labels` labels, the mean of the known truth, 0 to 1 (0 where none is known); `None` without
/// slices.
pub fn prevalence<T: Truth>(truth: &[impl AsRef<[T]>], labels: usize) -> Option<Vec<f64>> {
    let of = |label: usize| {
        let known = truth.iter().filter_map(|row| row.as_ref().get(label)?.value());
        let (sum, count) = known.fold((0.0, 0_usize), |(sum, count), value| {
            (sum + f64::from(value), count + 1)
        });
        if count == 0 { 0.0 } else { sum / count as f64 }
    };
    (!truth.is_empty()).then(|| (0..labels).map(of).collect())
}

/// Weighted log loss of the prevalence baseline, which predicts `prevalence` for every slice: what any model has to
/// beat. `None` where no truth is known.
pub fn prevalence_log_loss<T: Truth>(
    truth: &[impl AsRef<[T]>],
    prevalence: &[f64],
    weights: &[f64],
    eps: f64,
) -> Option<f64> {
    weighted_log_loss(truth, &vec![prevalence; truth.len()], weights, eps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COUNT: usize = 6;
    /// Of the RSNA 2019 challenge.
    const WEIGHTS: [f64; COUNT] = [2.0, 1.0, 1.0, 1.0, 1.0, 1.0];

    proptest! {
        #[test]
        fn one_half_everywhere_gives_ln_2(truth in prop::collection::vec(any::<[bool; COUNT]>(), 1..80)) {
            let loss = weighted_log_loss(&truth, &vec![[0.5; COUNT]; truth.len()], &WEIGHTS, DEFAULT_EPS).unwrap();
            prop_assert!((loss - std::f64::consts::LN_2).abs() < 1e-13, "{}", loss);
        }

        #[test]
        fn the_order_of_slices_does_not_matter(
            slices in prop::collection::vec((any::<[bool; COUNT]>(), prop::array::uniform6(0.0_f64..=1.0)), 1..80),
        ) {
            let (truth, rows): (Vec<_>, Vec<_>) = slices.iter().rev().copied().unzip();
            let backwards = weighted_log_loss(&truth, &rows, &WEIGHTS, DEFAULT_EPS).unwrap();
            let (truth, rows): (Vec<_>, Vec<_>) = slices.into_iter().unzip();
            let forwards = weighted_log_loss(&truth, &rows, &WEIGHTS, DEFAULT_EPS).unwrap();
            prop_assert!((forwards - backwards).abs() <= 1e-12 * forwards.max(1.0));
        }

        #[test]
        fn an_unknown_entry_counts_as_if_it_were_not_there(
            truth in prop::collection::vec(any::<bool>(), 1..80),
            probability in 0.01_f64..0.99,
        ) {
            // Two labels of which the second is never known are one label.
            let rows: Vec<_> = truth.iter().map(|positive| [Some(f32::from(u8::from(*positive))), None]).collect();
            let both = weighted_log_loss(&rows, &vec![[probability, 0.3]; rows.len()], &[2.0, 5.0], DEFAULT_EPS).unwrap();
            let one = label_log_loss(&truth, &vec![probability; truth.len()], DEFAULT_EPS).unwrap();
            prop_assert!((both - one).abs() < 1e-12);
            prop_assert_eq!(prevalence(&rows, 2).unwrap()[1], 0.0);
        }

        #[test]
        fn a_soft_label_is_the_mean_of_its_readers(readers in prop::collection::vec(any::<bool>(), 1..8), p in 0.01_f64..0.99) {
            let mean = readers.iter().filter(|positive| **positive).count() as f32 / readers.len() as f32;
            let soft = weighted_log_loss(&[[Some(mean)]], &[[p]], &[1.0], DEFAULT_EPS).unwrap();
            let each = label_log_loss(&readers, &vec![p; readers.len()], DEFAULT_EPS).unwrap();
            prop_assert!((soft - each).abs() < 1e-6, "{} {}", soft, each);
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
        let none: [[bool; COUNT]; 0] = [];
        assert_eq!(
            weighted_log_loss(&none, &[[0.5; COUNT]; 0], &WEIGHTS, DEFAULT_EPS),
            None
        );
        assert_eq!(
            weighted_log_loss(&[[None::<f32>]], &[[0.5]], &[1.0], DEFAULT_EPS),
            None
        );
        assert_eq!(label_log_loss(&[], &[], DEFAULT_EPS), None);
    }
}
