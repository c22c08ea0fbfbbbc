//! Whether two samples come from one distribution: the test of Kolmogorov and Smirnov.

use crate::{MetricsError, checks};

/// Largest product of the samples' sizes for which p is exact.
const EXACT: usize = 20_000_000;

/// What the two-sample test found.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct KolmogorovSmirnov {
    /// The largest difference of the samples' distribution functions, 0 to 1.
    pub statistic: f64,
    /// Probability of a difference at least as large between two samples of one distribution. With ties it is too
    /// large rather than too small.
    pub p_value: f64,
    /// Whether p is exact, else Kolmogorov's limit for large samples.
    pub is_exact: bool,
}

/// The two-sided test of two samples of independent values. p counts all orders in which the values can come (Hodges
/// 1958, Arkiv för Matematik 3: 469–486); for large samples it is Kolmogorov's limit (Smirnov 1948, Annals of
/// Mathematical Statistics 19: 279–281).
///
/// # Errors
/// [`MetricsError::TooFew`] for an empty sample; [`MetricsError::Range`] for NaN.
pub fn kolmogorov_smirnov(first: &[f64], second: &[f64]) -> Result<KolmogorovSmirnov, MetricsError> {
    checks::at_least("values of the first sample", 1, first.len())?;
    checks::at_least("values of the second sample", 1, second.len())?;
    checks::numbers("a value", first)?;
    checks::numbers("a value", second)?;
    let (m, n) = (first.len(), second.len());
    // In units of 1/(m n), in which all differences are whole.
    let steps = largest_difference(first, second);
    let statistic = steps as f64 / (m as f64 * n as f64);
    let is_exact = m.saturating_mul(n) <= EXACT;
    let p_value = match is_exact {
        true => exact(m, n, steps),
        false => limit(statistic * (m as f64 * n as f64 / (m + n) as f64).sqrt()),
    };
    Ok(KolmogorovSmirnov {
        statistic,
        p_value,
        is_exact,
    })
}

fn largest_difference(first: &[f64], second: &[f64]) -> u64 {
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (first, second) = (sorted(first), sorted(second));
    let (m, n) = (first.len() as u64, second.len() as u64);
    let (mut i, mut j, mut largest) = (0, 0, 0);
    while i < first.len() && j < second.len() {
        let value = first[i].min(second[j]);
        while i < first.len() && first[i] <= value {
            i += 1;
        }
        while j < second.len() && second[j] <= value {
            j += 1;
        }
        largest = largest.max((i as u64 * n).abs_diff(j as u64 * m));
    }
    largest
}

/// Share of the orders of `m` and `n` values that somewhere differ by at least `steps`. All terms are positive, so that
/// small shares keep their digits.
fn exact(m: usize, n: usize, steps: u64) -> f64 {
    let far = |i: usize, j: usize| (i as u64 * n as u64).abs_diff(j as u64 * m as u64) >= steps;
    let mut outside = vec![0.0; n + 1];
    for i in 0..=m {
        for j in 0..=n {
            outside[j] = if far(i, j) {
                1.0
            } else {
                let before = if j == 0 { 0.0 } else { outside[j - 1] };
                let above = if i == 0 { 0.0 } else { outside[j] };
                (i as f64 * above + j as f64 * before) / ((i + j) as f64).max(1.0)
            };
        }
    }
    outside[n]
}

/// Probability that Kolmogorov's limit is at least `x`.
fn limit(x: f64) -> f64 {
    if x < 0.2 {
        // Less than 1e-10 from 1, and the series below converges slowly there.
        return 1.0;
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 1.0 } else { -1.0 };
        sign * (-2.0 * f64::from(k * k) * x * x).exp()
    };
    (2.0 * (1..=40).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_samples_by_hand() {
        // Apart as far as can be: 2 of the 20 orders of 3 and 3.
        let apart = kolmogorov_smirnov(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).unwrap();
        assert_eq!((apart.statistic, apart.is_exact), (1.0, true));
        assert!((apart.p_value - 0.1).abs() < 1e-15);
        let same = kolmogorov_smirnov(&[1.0, 1.0], &[1.0]).unwrap();
        assert_eq!((same.statistic, same.p_value), (0.0, 1.0));
        assert!(kolmogorov_smirnov(&[], &[1.0]).is_err());
        assert!(kolmogorov_smirnov(&[f64::NAN], &[1.0]).is_err());
    }

    #[test]
    fn far_apart_samples_keep_a_p_above_zero() {
        let low: Vec<f64> = (0..60).map(f64::from).collect();
        let high: Vec<f64> = low.iter().map(|value| value + 100.0).collect();
        let p = kolmogorov_smirnov(&low, &high).unwrap().p_value;
        assert!(p > 1e-36 && p < 1e-34, "{p}");
    }

    proptest! {
        #[test]
        fn either_order_says_the_same(
            first in prop::collection::vec(0_u8..20, 1..30),
            second in prop::collection::vec(0_u8..20, 1..30),
        ) {
            let of = |values: &[u8]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
            let (first, second) = (of(&first), of(&second));
            let (one, other) =
                (kolmogorov_smirnov(&first, &second).unwrap(), kolmogorov_smirnov(&second, &first).unwrap());
            prop_assert_eq!(one.statistic, other.statistic);
            prop_assert!((one.p_value - other.p_value).abs() < 1e-12);
            prop_assert!(one.p_value > 0.0 && one.p_value <= 1.0 + 1e-12);
        }
    }
}
