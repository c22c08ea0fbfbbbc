//! Whether one of two readers of the same cases is right more often.

use crate::special::binomial;
use crate::{MetricsError, checks};

/// McNemar's test (1947) of two sets of calls on the same independent cases.
///
/// Only cases count that one called rightly and the other did not; if both are equally good, each such case
/// is an even coin. The mid-p value counts half of the probability of what was seen: close to its level, where
/// the exact test is known to be too careful (Fagerland, Lydersen and Laake 2013, who recommend it).
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct McNemar {
    /// Cases that only the first called rightly.
    pub first_only: usize,
    /// Cases that only the second called rightly.
    pub second_only: usize,
    /// Two-sided p value of the exact conditional test.
    pub exact: f64,
    /// Two-sided mid-p value.
    pub mid_p: f64,
}

impl McNemar {
    /// From the numbers of cases that only one of the two called rightly.
    pub fn from_counts(first_only: usize, second_only: usize) -> Self {
        let (fewer, both) = (first_only.min(second_only), first_only + second_only);
        let at_most = binomial::even_cdf(fewer, both);
        let below = match fewer {
            0 => 0.0,
            _ => binomial::even_cdf(fewer - 1, both),
        };
        Self {
            first_only,
            second_only,
            exact: (2.0 * at_most).min(1.0),
            mid_p: (at_most + below).min(1.0),
        }
    }
}

/// Compares two sets of calls with the truth, one entry a case; give the positives alone to compare
/// sensitivities, the negatives to compare specificities. `cluster_of` gives each case's patient.
///
/// # Errors
/// [`MetricsError::Clustered`] where a patient has several cases: use
/// [`paired_bootstrap`](crate::paired_bootstrap); [`MetricsError::Length`] where lists differ in length.
pub fn mcnemar(
    truth: &[bool],
    first: &[bool],
    second: &[bool],
    cluster_of: &[usize],
) -> Result<McNemar, MetricsError> {
    checks::length("the first calls", truth.len(), first.len())?;
    checks::length("the second calls", truth.len(), second.len())?;
    checks::length("clusters", truth.len(), cluster_of.len())?;
    checks::independent(cluster_of, "McNemar's test", "a paired bootstrap over patients")?;
    let (mut first_only, mut second_only) = (0, 0);
    for ((truth, first), second) in truth.iter().zip(first).zip(second) {
        match (first == truth, second == truth) {
            (true, false) => first_only += 1,
            (false, true) => second_only += 1,
            _ => {}
        }
    }
    Ok(McNemar::from_counts(first_only, second_only))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Fagerland, Lydersen and Laake 2013, airway hyper-responsiveness before and after transplantation.
    #[test]
    fn the_papers_example() {
        let found = McNemar::from_counts(1, 7);
        assert!((found.exact - 0.070).abs() < 5e-4 && (found.mid_p - 0.039).abs() < 5e-4);
    }

    #[test]
    fn only_disagreements_count_and_patients_count_once() {
        let truth = [true, true, false, false];
        let (first, second) = ([true, false, false, true], [true, true, false, false]);
        let found = mcnemar(&truth, &first, &second, &[0, 1, 2, 3]).unwrap();
        assert_eq!((found.first_only, found.second_only), (0, 2));
        assert!((found.exact - 0.5).abs() < 1e-15 && (found.mid_p - 0.25).abs() < 1e-15);
        assert!(matches!(
            mcnemar(&truth, &first, &second, &[0, 1, 1, 2]),
            Err(MetricsError::Clustered {
                cluster: 1,
                cases: 2,
                ..
            })
        ));
        assert!(matches!(
            mcnemar(&truth, &first[..3], &second, &[0, 1, 2, 3]),
            Err(MetricsError::Length { .. })
        ));
        let nothing = mcnemar(&[], &[], &[], &[]).unwrap();
        assert_eq!((nothing.exact, nothing.mid_p), (1.0, 1.0));
    }

    proptest! {
        #[test]
        fn models_change_places_and_mid_p_is_below(first in 0_usize..400, second in 0_usize..400) {
            let (one, other) = (McNemar::from_counts(first, second), McNemar::from_counts(second, first));
            prop_assert_eq!((one.exact, one.mid_p), (other.exact, other.mid_p));
            prop_assert!(0.0 < one.mid_p && one.mid_p <= one.exact && one.exact <= 1.0);
        }
    }
}
