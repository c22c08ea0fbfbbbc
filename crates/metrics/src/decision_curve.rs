//! Whether acting on the model does more good than acting on everybody, or on nobody.

use crate::{Confusion, MetricsError, checks};

/// Net benefit at one threshold, in true positives a case; acting on nobody has 0.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct NetBenefit {
    /// Probability from which one acts: at t, one more false positive weighs t/(1 − t) true positives.
    pub threshold: f64,
    /// Of acting where the model's probability is at least the threshold.
    pub model: f64,
    /// Of acting on everybody.
    pub treat_all: f64,
}

impl NetBenefit {
    /// How much better the model is than the better one of acting on everybody and on nobody.
    pub fn gain(&self) -> f64 {
        self.model - self.treat_all.max(0.0)
    }
}

/// The decision curve (Vickers and Elkin 2006): `TP/N − FP/N·t/(1 − t)` at each threshold.
///
/// With a `prevalence` π, the net benefit where disease is as frequent as that: `se·π − (1 − sp)(1 − π)·t/(1 − t)`.
/// The probabilities are used as they are: whether they are calibrated for that prevalence is another question.
/// Intervals: [`cluster_bootstrap`](crate::cluster_bootstrap), though a decision follows the higher curve.
///
/// # Errors
/// [`MetricsError::Range`] for a threshold outside 0 ≤ t < 1, a probability outside 0 to 1, or a prevalence
/// that is 0, 1 or outside; [`MetricsError::TooFew`] without cases, or with a prevalence given and no positives
/// or no negatives; [`MetricsError::Length`] where lists differ.
pub fn decision_curve(
    truth: &[bool],
    probabilities: &[f64],
    thresholds: &[f64],
    prevalence: Option<f64>,
) -> Result<Vec<NetBenefit>, MetricsError> {
    checks::probabilities(truth, probabilities)?;
    checks::at_least("cases", 1, truth.len())?;
    let positives = truth.iter().filter(|positive| **positive).count();
    let negatives = truth.len() - positives;
    // Weight of one positive and of one negative case, and how frequent positives are.
    let (of_positive, of_negative, frequency) = match prevalence {
        None => {
            let each = 1.0 / truth.len() as f64;
            (each, each, positives as f64 * each)
        }
        Some(prevalence) => {
            checks::inner_share("the prevalence", prevalence)?;
            checks::classes(truth, 1)?;
            let of_negative = (1.0 - prevalence) / negatives as f64;
            (prevalence / positives as f64, of_negative, prevalence)
        }
    };
    thresholds
        .iter()
        .map(|threshold| {
            if !(0.0..1.0).contains(threshold) {
                return Err(MetricsError::Range {
                    what: "a threshold",
                    value: *threshold,
                    allowed: "from 0 to below 1",
                });
            }
            let counts = Confusion::at(truth, probabilities, *threshold);
            let odds = threshold / (1.0 - threshold);
            Ok(NetBenefit {
                threshold: *threshold,
                model: counts.true_positives as f64 * of_positive
                    - counts.false_positives as f64 * of_negative * odds,
                treat_all: frequency - (1.0 - frequency) * odds,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refusals() {
        let truth = [true, false];
        let of = |probabilities: &[f64], threshold, prevalence| {
            decision_curve(&truth, probabilities, &[threshold], prevalence)
        };
        assert!(of(&[0.5, 0.5], 1.0, None).is_err() && of(&[0.5, 0.5], f64::NAN, None).is_err());
        assert!(of(&[0.5, f64::NAN], 0.5, None).is_err() && of(&[0.5, 1.5], 0.5, None).is_err());
        assert!(of(&[0.5, 0.5], 0.5, Some(1.0)).is_err() && of(&[0.5], 0.5, None).is_err());
        assert!(decision_curve(&[], &[], &[0.5], None).is_err());
        assert!(decision_curve(&[true], &[0.5], &[0.5], Some(0.1)).is_err());
        assert_eq!(
            decision_curve(&[false], &[0.5], &[0.5], None).unwrap()[0].model,
            -1.0
        );
    }

    proptest! {
        #[test]
        fn at_no_cost_it_is_the_prevalence_and_nothing_beats_the_truth(
            cases in prop::collection::vec((any::<bool>(), 0.0_f64..=1.0), 1..80),
            threshold in 0.001_f64..0.999,
        ) {
            let (truth, probabilities): (Vec<bool>, Vec<f64>) = cases.into_iter().unzip();
            let frequency = truth.iter().filter(|t| **t).count() as f64 / truth.len() as f64;
            let found = decision_curve(&truth, &probabilities, &[0.0, threshold], None).unwrap();
            prop_assert!((found[0].model - frequency).abs() < 1e-12);
            prop_assert!((found[0].treat_all - frequency).abs() < 1e-12);
            prop_assert!(found[1].model <= frequency + 1e-12);
            let perfect: Vec<f64> = truth.iter().map(|t| f64::from(u8::from(*t))).collect();
            let best = decision_curve(&truth, &perfect, &[threshold], None).unwrap()[0];
            prop_assert!((best.model - frequency).abs() < 1e-12 && best.gain() >= -1e-12);
            let all = decision_curve(&truth, &vec![1.0; truth.len()], &[threshold], None).unwrap()[0];
            prop_assert!((all.model - all.treat_all).abs() < 1e-9 * (1.0 + all.model.abs()));
            if frequency > 0.0 && frequency < 1.0 {
                let own = decision_curve(&truth, &probabilities, &[threshold], Some(frequency)).unwrap()[0];
                prop_assert!((own.model - found[1].model).abs() < 1e-9 * (1.0 + own.model.abs()));
            }
        }
    }
}
