//! What a call is worth where disease is as frequent as it is somewhere else.

use crate::{Confidence, Confusion, Estimate, Interval, MetricsError, checks};

/// PPV and NPV at a stated prevalence.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct PredictiveValues {
    /// Probability of disease after a positive call; `None` where nothing is called positive.
    pub ppv: Option<Estimate>,
    /// Probability of no disease after a negative call; `None` where nothing is called negative.
    pub npv: Option<Estimate>,
}

/// PPV and NPV by Bayes' rule from sensitivity and specificity, which are taken as the same everywhere:
/// `PPV = se·π/(se·π + (1 − sp)(1 − π))`, `NPV = sp(1 − π)/(sp(1 − π) + (1 − se)π)`.
///
/// Cohorts for training hold far more positives than a hospital sees, so the PPV of a cohort says little about
/// one. Intervals are those of Mercaldo, Lau and Zhou (2007) on the logit scale, for independent cases and a
/// prevalence that is known. Where a count is 0 they start from sensitivity and specificity with z²/2 added to
/// both sides, and are widened to hold the value.
///
/// # Errors
/// [`MetricsError::Range`] unless `prevalence` lies between 0 and 1, without the ends;
/// [`MetricsError::TooFew`] without positives or negatives.
pub fn predictive_values(
    counts: &Confusion,
    prevalence: f64,
    confidence: Confidence,
) -> Result<PredictiveValues, MetricsError> {
    checks::inner_share("the prevalence", prevalence)?;
    let sensitivity = Rate::of(counts.true_positives, counts.false_negatives, "positive cases")?;
    let specificity = Rate::of(counts.true_negatives, counts.false_positives, "negative cases")?;
    Ok(PredictiveValues {
        ppv: value(sensitivity, specificity.other(), prevalence, confidence),
        npv: value(specificity, sensitivity.other(), 1.0 - prevalence, confidence),
    })
}

/// A share with its number of cases; counts are fractions once they are adjusted.
#[derive(Clone, Copy)]
struct Rate {
    part: f64,
    of: f64,
}

impl Rate {
    fn of(part: usize, rest: usize, what: &'static str) -> Result<Self, MetricsError> {
        checks::at_least(what, 1, part + rest)?;
        Ok(Self {
            part: part as f64,
            of: (part + rest) as f64,
        })
    }

    /// The share of the others.
    fn other(self) -> Self {
        Self {
            part: self.of - self.part,
            ..self
        }
    }

    fn share(self) -> f64 {
        self.part / self.of
    }

    /// Variance of the logarithm of the share: `(1 − p)/(p·n)`.
    fn log_variance(self) -> f64 {
        (1.0 - self.share()) / self.part
    }

    fn adjusted(self, z: f64) -> Self {
        Self {
            part: self.part + z * z / 2.0,
            of: self.of + z * z,
        }
    }
}

/// Share of those with the condition, of frequency `prior`, among all who have the call: `right` of those with
/// the condition have it, `wrong` of those without.
fn value(right: Rate, wrong: Rate, prior: f64, confidence: Confidence) -> Option<Estimate> {
    let (with, without) = (right.share() * prior, wrong.share() * (1.0 - prior));
    let value = (with + without > 0.0).then(|| with / (with + without))?;
    let z = confidence.z();
    let (right, wrong) = match right.part > 0.0 && wrong.part > 0.0 {
        true => (right, wrong),
        false => (right.adjusted(z), wrong.adjusted(z)),
    };
    let logit = (right.share() * prior / (wrong.share() * (1.0 - prior))).ln();
    let error = (right.log_variance() + wrong.log_variance()).sqrt();
    let inner = confidence.around(logit, error);
    let back = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    Some(Estimate {
        value,
        interval: Some(Interval {
            low: back(inner.low).min(value),
            high: back(inner.high).max(value),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Proportion, likelihood_ratios};
    use proptest::prelude::*;

    fn counts(tp: usize, fp: usize, fn_: usize, tn: usize) -> Confusion {
        Confusion {
            true_positives: tp,
            false_positives: fp,
            false_negatives: fn_,
            true_negatives: tn,
        }
    }

    #[test]
    fn empty_counts_and_refusals() {
        let of =
            |counts: Confusion, prevalence| predictive_values(&counts, prevalence, Confidence::PERCENT_95);
        let perfect = of(counts(30, 0, 0, 50), 0.05).unwrap().ppv.unwrap();
        assert_eq!((perfect.value, perfect.interval.unwrap().high), (1.0, 1.0));
        assert!(
            perfect.interval.unwrap().low < 0.7,
            "30 and 50 cases do not prove a PPV of 100 % at 5 %"
        );
        assert_eq!(of(counts(0, 0, 5, 5), 0.1).unwrap().ppv, None);
        assert!(matches!(
            of(counts(0, 1, 0, 1), 0.1),
            Err(MetricsError::TooFew { .. })
        ));
        for prevalence in [0.0, 1.0, f64::NAN] {
            assert!(matches!(
                of(counts(9, 1, 1, 9), prevalence),
                Err(MetricsError::Range { .. })
            ));
        }
    }

    proptest! {
        #[test]
        fn odds_after_are_odds_before_times_the_likelihood_ratio(
            cells in prop::array::uniform4(1_usize..500),
            prevalence in 0.001_f64..0.999,
        ) {
            let counts = counts(cells[0], cells[1], cells[2], cells[3]);
            let found = predictive_values(&counts, prevalence, Confidence::PERCENT_95).unwrap();
            let ratios = likelihood_ratios(&counts, Confidence::PERCENT_95);
            let before = prevalence / (1.0 - prevalence);
            let after = |ratio: f64| before * ratio / (1.0 + before * ratio);
            let (ppv, positive) = (found.ppv.unwrap(), ratios.positive.unwrap());
            prop_assert!((ppv.value - after(positive.value)).abs() < 1e-12);
            let (npv, negative) = (found.npv.unwrap(), ratios.negative.unwrap());
            prop_assert!((1.0 - npv.value - after(negative.value)).abs() < 1e-12);
            let (ends, of_ratio) = (ppv.interval.unwrap(), positive.interval.unwrap());
            prop_assert!((ends.low - after(of_ratio.low)).abs() < 1e-11);
            prop_assert!((ends.high - after(of_ratio.high)).abs() < 1e-11);
            let (ends, of_ratio) = (npv.interval.unwrap(), negative.interval.unwrap());
            prop_assert!((1.0 - ends.high - after(of_ratio.low)).abs() < 1e-11);
            prop_assert!((1.0 - ends.low - after(of_ratio.high)).abs() < 1e-11);
            // At the cohort's own prevalence it is the share counted.
            let own = (cells[0] + cells[2]) as f64 / cells.iter().sum::<usize>() as f64;
            let found = predictive_values(&counts, own, Confidence::PERCENT_95).unwrap();
            let counted = Proportion::of_ppv(&counts).unwrap().share();
            prop_assert!((found.ppv.unwrap().value - counted).abs() < 1e-12);
        }
    }
}
