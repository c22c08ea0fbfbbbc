//! At most so many errors, and how sure that is to be.

use crate::special::binomial;
use crate::{MetricsError, checks};

/// At most a share `alpha` of errors, wrongly claimed with a probability of at most `delta`.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ErrorLimit {
    alpha: f64,
    delta: f64,
}

impl ErrorLimit {
    /// A limit such as 0.1 with 0.1: nine of ten are right, and that is claimed wrongly once in ten times at most.
    ///
    /// # Errors
    /// [`MetricsError::Range`] unless both lie between 0 and 1, without the ends.
    pub fn new(alpha: f64, delta: f64) -> Result<Self, MetricsError> {
        checks::inner_share("the share of errors", alpha)?;
        checks::inner_share("the probability of a wrong claim", delta)?;
        Ok(Self { alpha, delta })
    }

    /// The share of errors.
    pub fn alpha(self) -> f64 {
        self.alpha
    }

    /// The probability of claiming it wrongly.
    pub fn delta(self) -> f64 {
        self.delta
    }

    /// `P(Bin(cases, α) ≤ errors)`: the p value of "more than a share α are errors".
    pub fn p_value(self, cases: usize, errors: usize) -> f64 {
        binomial::cdf(errors, cases, self.alpha)
    }

    /// The fewest cases of which so many errors still show that the limit holds: the smallest n with
    /// `P(Bin(n, α) ≤ errors) ≤ δ`. Without errors it is the smallest n with `(1 − α)ⁿ ≤ δ`.
    pub fn cases_needed(self, errors: usize) -> usize {
        let shows = |cases: usize| self.p_value(cases, errors) <= self.delta;
        let mut enough = errors + 1;
        let mut step = 1;
        while !shows(enough) {
            enough += step;
            step *= 2;
        }
        // The p value falls with the number of cases.
        let mut too_few = errors;
        while enough - too_few > 1 {
            let middle = too_few + (enough - too_few) / 2;
            if shows(middle) {
                enough = middle;
            } else {
                too_few = middle;
            }
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn well_known_numbers_of_cases() {
        let needed = |alpha, delta, errors| ErrorLimit::new(alpha, delta).unwrap().cases_needed(errors);
        // The "rule of three" as exact as it gets, and Wilks' 59 and 93 (1941).
        assert_eq!(needed(0.05, 0.05, 0), 59);
        assert_eq!(needed(0.05, 0.05, 1), 93);
        assert_eq!(needed(0.1, 0.1, 0), 22);
        assert_eq!(needed(0.9, 0.5, 0), 1);
        assert!(ErrorLimit::new(0.0, 0.1).is_err() && ErrorLimit::new(0.1, f64::NAN).is_err());
    }

    proptest! {
        #[test]
        fn no_fewer_would_do(alpha in 0.005_f64..0.6, delta in 0.005_f64..0.6, errors in 0_usize..40) {
            let limit = ErrorLimit::new(alpha, delta).unwrap();
            let needed = limit.cases_needed(errors);
            prop_assert!(limit.p_value(needed, errors) <= delta);
            prop_assert!(needed == errors + 1 || limit.p_value(needed - 1, errors) > delta);
            prop_assert!(limit.cases_needed(errors + 1) > needed);
        }
    }
}
