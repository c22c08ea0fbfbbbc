//! How far two distributions over bins lie apart: the population stability index.

use rand::Rng;
use rand::seq::SliceRandom;

use crate::{MetricsError, checks};

/// The population stability index of `found` against `expected`, counts or shares of the same bins:
/// `Σ (q − p) ln(q / p)`, the sum of both Kullback–Leibler divergences (Jeffreys 1946). `added` goes to every bin of
/// both, so that an empty bin has a logarithm: 0.5 for counts of cases. Bins that are empty in both do not count.
///
/// Credit scoring calls less than 0.1 stable and 0.25 or more a shift (Siddiqi 2006). These are conventions: without
/// any shift the index is about `(bins − 1)(1/n + 1/m)` for samples of n and m cases, above 0.1 for a hundred cases in
/// twenty bins. [`stability_test`] says what is to be expected by chance.
///
/// # Errors
/// [`MetricsError::Length`] for other numbers of bins; [`MetricsError::Range`] for a negative count or `added` that is
/// not above 0; [`MetricsError::TooFew`] for less than one bin or no count at all.
pub fn stability_index(expected: &[f64], found: &[f64], added: f64) -> Result<f64, MetricsError> {
    checks::at_least("bins", 1, expected.len())?;
    checks::length("counts", expected.len(), found.len())?;
    checks::positive("what is added to a bin", added)?;
    let filled = || expected.iter().zip(found).filter(|(p, q)| **p > 0.0 || **q > 0.0);
    let bins = filled().count() as f64;
    let total = |counts: &[f64]| {
        checks::counts("a count", counts)?;
        let total: f64 = counts.iter().sum();
        checks::at_least("counts above 0", 1, usize::from(total > 0.0))?;
        Ok::<_, MetricsError>(total + added * bins)
    };
    let (all_expected, all_found) = (total(expected)?, total(found)?);
    let bin = |(expected, found): (&f64, &f64)| {
        let (p, q) = ((expected + added) / all_expected, (found + added) / all_found);
        (q - p) * (q / p).ln()
    };
    Ok(filled().map(bin).sum())
}

/// The index with what chance makes of it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct StabilityTest {
    /// The index, with half a case added to every bin.
    pub index: f64,
    /// What 95 of 100 such samples of one distribution stay below or at.
    pub by_chance: f64,
    /// Probability of an index at least as large without any shift.
    pub p_value: f64,
}

/// Tests cases that fall into bins, given as counts, by shuffling which case belongs to which sample `draws` times: it
/// holds for whatever number of cases and bins. p is `(1 + as large) / (1 + draws)`.
///
/// # Errors
/// Those of [`stability_index`]; [`MetricsError::TooFew`] for no draw.
pub fn stability_test(
    expected: &[usize],
    found: &[usize],
    draws: usize,
    rng: &mut impl Rng,
) -> Result<StabilityTest, MetricsError> {
    checks::at_least("draws", 1, draws)?;
    checks::length("counts", expected.len(), found.len())?;
    let index = |expected: &[usize], found: &[usize]| {
        let counts = |counts: &[usize]| counts.iter().map(|count| *count as f64).collect::<Vec<_>>();
        stability_index(&counts(expected), &counts(found), 0.5)
    };
    let own = index(expected, found)?;
    let totals: Vec<usize> = expected.iter().zip(found).map(|(a, b)| a + b).collect();
    let mut cases: Vec<usize> = totals
        .iter()
        .enumerate()
        .flat_map(|(bin, count)| std::iter::repeat_n(bin, *count))
        .collect();
    let (first, second) = (expected.iter().sum::<usize>(), found.iter().sum::<usize>());
    // It is enough to draw the smaller sample: the rest is the other.
    let smaller = first.min(second);
    let mut drawn = Vec::with_capacity(draws);
    for _ in 0..draws {
        let (chosen, _) = cases.partial_shuffle(rng, smaller);
        let mut small = vec![0; totals.len()];
        chosen.iter().for_each(|bin| small[*bin] += 1);
        let large: Vec<usize> = totals
            .iter()
            .zip(&small)
            .map(|(all, small)| all - small)
            .collect();
        drawn.push(match first <= second {
            true => index(&small, &large)?,
            false => index(&large, &small)?,
        });
    }
    // Rounding must not tell equal tables apart.
    let as_large = drawn.iter().filter(|drawn| **drawn >= own - 1e-12).count();
    drawn.sort_by(f64::total_cmp);
    let place = ((0.95 * draws as f64).ceil() as usize).clamp(1, draws) - 1;
    Ok(StabilityTest {
        index: own,
        by_chance: drawn[place],
        p_value: (1 + as_large) as f64 / (1 + draws) as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn by_hand_and_refusals() {
        // Shares 0.25, 0.75 against 0.75, 0.25 with nothing to speak of added: 2 · 0.5 · ln 3.
        let index = stability_index(&[1e6, 3e6], &[3e6, 1e6], 1e-6).unwrap();
        assert!((index - 3.0_f64.ln()).abs() < 1e-9, "{index}");
        let with_empty = stability_index(&[0.0, 3.0], &[0.0, 9.0], 0.5).unwrap();
        assert_eq!(with_empty, 0.0, "a bin that nobody fills says nothing");
        assert!(stability_index(&[1.0], &[1.0, 2.0], 0.5).is_err());
        assert!(stability_index(&[1.0], &[-1.0], 0.5).is_err());
        assert!(stability_index(&[0.0], &[1.0], 0.5).is_err());
        assert!(stability_index(&[1.0], &[1.0], 0.0).is_err());
        assert!(stability_index(&[], &[], 0.5).is_err());
    }

    #[test]
    fn a_shift_is_seen_and_chance_is_not_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let shifted = stability_test(&[50, 50, 50], &[5, 20, 75], 999, &mut rng).unwrap();
        assert!(
            shifted.p_value == 0.001 && shifted.index > 5.0 * shifted.by_chance,
            "{shifted:?}"
        );
        let same = stability_test(&[50, 50, 50], &[17, 16, 17], 999, &mut rng).unwrap();
        assert!(same.p_value > 0.5 && same.index < same.by_chance, "{same:?}");
        assert!(stability_test(&[1], &[1], 0, &mut rng).is_err());
    }

    proptest! {
        #[test]
        fn it_is_symmetric_and_zero_for_equal_shares(
            counts in prop::collection::vec((0_u32..50, 1_u32..50), 1..12),
        ) {
            let first: Vec<f64> = counts.iter().map(|(a, _)| f64::from(*a) + 1.0).collect();
            let second: Vec<f64> = counts.iter().map(|(_, b)| f64::from(*b)).collect();
            let one = stability_index(&first, &second, 0.5).unwrap();
            prop_assert!((one - stability_index(&second, &first, 0.5).unwrap()).abs() < 1e-12);
            prop_assert!(one >= 0.0);
            prop_assert!(stability_index(&first, &first, 0.5).unwrap().abs() < 1e-12);
        }
    }
}
