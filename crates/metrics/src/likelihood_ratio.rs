//! How far a call moves the odds of disease.

use crate::{Confidence, Confusion, Estimate, Interval};

/// Likelihood ratios of a positive and of a negative call; neither depends on the prevalence.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct LikelihoodRatios {
    /// Sensitivity / (1 − specificity): the odds after a positive call over those before. `None` without false
    /// positives, where it is infinite, or without positives or negatives.
    pub positive: Option<Estimate>,
    /// (1 − sensitivity) / specificity: the odds after a negative call over those before. `None` without true
    /// negatives, or without positives or negatives.
    pub negative: Option<Estimate>,
}

/// Likelihood ratios with intervals on the log scale (Simel, Samsa and Matchar 1991), for independent cases:
/// `ln LR ± z·√(1/a − 1/m + 1/b − 1/n)`, `a` of `m` positives and `b` of `n` negatives having the call. A ratio
/// of 0 has no interval.
pub fn likelihood_ratios(counts: &Confusion, confidence: Confidence) -> LikelihoodRatios {
    let positives = counts.true_positives + counts.false_negatives;
    let negatives = counts.true_negatives + counts.false_positives;
    let ratio = |of_positives: usize, of_negatives: usize| {
        if positives == 0 || negatives == 0 || of_negatives == 0 {
            return None;
        }
        let [a, m, b, n] = [of_positives, positives, of_negatives, negatives].map(|count| count as f64);
        let value = (a / m) / (b / n);
        let interval = (of_positives > 0).then(|| {
            let error = (1.0 / a - 1.0 / m + 1.0 / b - 1.0 / n).max(0.0).sqrt();
            let logs = confidence.around(value.ln(), error);
            Interval {
                low: logs.low.exp(),
                high: logs.high.exp(),
            }
        });
        Some(Estimate { value, interval })
    };
    LikelihoodRatios {
        positive: ratio(counts.true_positives, counts.false_positives),
        negative: ratio(counts.false_negatives, counts.true_negatives),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_infinite_or_empty_is_absent() {
        let of = |tp, fp, fn_, tn| {
            let counts = Confusion {
                true_positives: tp,
                false_positives: fp,
                false_negatives: fn_,
                true_negatives: tn,
            };
            likelihood_ratios(&counts, Confidence::PERCENT_95)
        };
        assert_eq!(of(0, 0, 0, 0).positive, None);
        assert_eq!(of(5, 0, 5, 10).positive, None);
        let none_missed = of(10, 5, 0, 5).negative.unwrap();
        assert_eq!((none_missed.value, none_missed.interval), (0.0, None));
        assert_eq!(of(9, 1, 1, 9).positive.unwrap().value, 9.0);
    }
}
