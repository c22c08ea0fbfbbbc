//! Confidence intervals by resampling patients.
//!
//! Slices of one patient resemble each other, so an interval that resamples slices is far too narrow.
//! Whole patients are drawn with replacement (Efron and Tibshirani 1993, chapter 8: the unit of the
//! bootstrap is what was sampled independently), and the interval runs between percentiles.

use rand::{Rng, RngExt};
use rayon::prelude::*;

/// A confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl std::fmt::Display for Interval {
    /// Both ends with four decimals: `0.0812–0.0934`, or `-0.0100 to 0.0200`, since a dash before a minus is hard to read.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let between = if self.low < 0.0 { " to " } else { "–" };
        write!(formatter, "{:.4}{between}{:.4}", self.low, self.high)
    }
}

/// 95 % percentile intervals of `N` statistics at once, over `resamples` draws of whole clusters.
///
/// `cluster_of` gives each item's cluster, numbered from 0 without gaps. `statistics` takes the indices
/// of a resample's items, repeated as drawn. A statistic that is undefined in more than half of the
/// resamples has no interval; nor has anything where there are fewer than two clusters, or no resamples.
pub fn cluster_bootstrap<const N: usize>(
    cluster_of: &[usize],
    resamples: usize,
    rng: &mut impl Rng,
    statistics: impl Fn(&[usize]) -> [Option<f64>; N] + Sync,
) -> [Option<Interval>; N] {
    let values = resample(cluster_of, resamples, rng, statistics);
    std::array::from_fn(|which| of_resamples(&values, which, resamples))
}

/// The same of a number of statistics that is only known when the program runs: `statistics` gives `count` of them.
pub fn cluster_bootstrap_of(
    count: usize,
    cluster_of: &[usize],
    resamples: usize,
    rng: &mut impl Rng,
    statistics: impl Fn(&[usize]) -> Vec<Option<f64>> + Sync,
) -> Vec<Option<Interval>> {
    let values = resample(cluster_of, resamples, rng, statistics);
    (0..count)
        .map(|which| of_resamples(&values, which, resamples))
        .collect()
}

/// The interval of one of the statistics.
fn of_resamples(values: &[impl AsRef<[Option<f64>]>], which: usize, resamples: usize) -> Option<Interval> {
    let of = values.iter().filter_map(|values| *values.as_ref().get(which)?);
    interval(of.collect(), resamples)
}

/// Δ of a metric between two sets of predictions of the same slices.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct PairedDifference {
    /// The metric of `b` less that of `a`.
    pub difference: f64,
    /// Its 95 % interval over patients.
    pub interval: Option<Interval>,
    /// Share of resamples in which `b` is the lower one, 0 to 1; ties count half.
    pub lower_in: Option<f64>,
}

/// Compares two sets of predictions of the same slices by resampling patients: both are measured on the
/// same resample each time, so what makes patients hard for both cancels (Efron and Tibshirani 1993).
///
/// `statistic` takes the indices of a resample's items and gives the metric of `a` and of `b`. `None`
/// where it is undefined on all items.
pub fn paired_bootstrap(
    cluster_of: &[usize],
    resamples: usize,
    rng: &mut impl Rng,
    statistic: impl Fn(&[usize]) -> Option<(f64, f64)> + Sync,
) -> Option<PairedDifference> {
    let all: Vec<usize> = (0..cluster_of.len()).collect();
    let (a, b) = statistic(&all)?;
    let differences: Vec<f64> = resample(cluster_of, resamples, rng, |items| {
        [statistic(items).map(|(a, b)| b - a)]
    })
    .into_iter()
    .filter_map(|[difference]| difference)
    .collect();
    let lower: f64 = differences
        .iter()
        .map(|difference| match difference {
            difference if *difference < 0.0 => 1.0,
            difference if *difference > 0.0 => 0.0,
            _ => 0.5,
        })
        .sum();
    Some(PairedDifference {
        difference: b - a,
        lower_in: (2 * differences.len() > resamples).then(|| lower / differences.len() as f64),
        interval: interval(differences, resamples),
    })
}

/// The statistics of every resample; none where there are fewer than two clusters.
fn resample<S: Send>(
    cluster_of: &[usize],
    resamples: usize,
    rng: &mut impl Rng,
    statistics: impl Fn(&[usize]) -> S + Sync,
) -> Vec<S> {
    let clusters = members(cluster_of);
    if clusters.len() < 2 {
        return Vec::new();
    }
    // All draws come from one generator before any thread starts: threads do not change the result.
    let draws: Vec<Vec<usize>> = (0..resamples)
        .map(|_| {
            (0..clusters.len())
                .map(|_| rng.random_range(0..clusters.len()))
                .collect()
        })
        .collect();
    draws
        .par_iter()
        .map(|draw| {
            let items: Vec<usize> = draw
                .iter()
                .flat_map(|cluster| clusters[*cluster].iter().copied())
                .collect();
            statistics(&items)
        })
        .collect()
}

/// The interval between the percentiles of what was defined in most resamples.
fn interval(mut values: Vec<f64>, resamples: usize) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    (2 * values.len() > resamples).then(|| Interval {
        low: percentile(&values, 0.025),
        high: percentile(&values, 0.975),
    })
}

/// Indices of the items of each cluster; clusters that nothing belongs to are left out.
fn members(cluster_of: &[usize]) -> Vec<Vec<usize>> {
    let mut clusters = vec![Vec::new(); cluster_of.iter().max().map_or(0, |last| last + 1)];
    for (item, cluster) in cluster_of.iter().enumerate() {
        clusters[*cluster].push(item);
    }
    clusters.retain(|members| !members.is_empty());
    clusters
}

/// Quantile `q` of ascending values, linear between neighbours (numpy's default).
pub(crate) fn percentile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(7)
    }

    fn mean(values: &[f64], items: &[usize]) -> Option<f64> {
        (!items.is_empty()).then(|| items.iter().map(|i| values[*i]).sum::<f64>() / items.len() as f64)
    }

    #[test]
    fn the_mean_of_independent_values_has_the_interval_of_the_textbook() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let clusters: Vec<usize> = (0..400).collect();
        let [interval] = cluster_bootstrap(&clusters, 2000, &mut rng(), |items| [mean(&values, items)]);
        let interval = interval.unwrap();
        // 0.5 ± 1.96·0.5/√400
        assert!((interval.low - 0.451).abs() < 0.005, "{interval:?}");
        assert!((interval.high - 0.549).abs() < 0.005, "{interval:?}");
    }

    #[test]
    fn slices_of_few_patients_are_not_many_observations() {
        // 400 slices of 4 patients, all slices of a patient alike.
        let values: Vec<f64> = (0..400).map(|i| f64::from(i / 100 % 2)).collect();
        let clusters: Vec<usize> = (0..400).map(|i| i / 100).collect();
        let [interval] = cluster_bootstrap(&clusters, 500, &mut rng(), |items| [mean(&values, items)]);
        let interval = interval.unwrap();
        assert_eq!((interval.low, interval.high), (0.0, 1.0));
    }

    #[test]
    fn the_same_seed_gives_the_same_interval_and_undefined_ones_are_absent() {
        let values = [0.3, 0.1, 0.7, 0.2];
        let run = || {
            cluster_bootstrap(&[0, 1, 2, 3], 50, &mut rng(), |items| {
                [mean(&values, items), None]
            })
        };
        assert_eq!(run(), run());
        assert!(run()[0].is_some() && run()[1].is_none());
        assert_eq!(
            cluster_bootstrap(&[0, 0, 0], 50, &mut rng(), |_| [Some(1.0)]),
            [None],
            "one patient says nothing about others"
        );
        assert_eq!(cluster_bootstrap(&[0, 1], 0, &mut rng(), |_| [Some(1.0)]), [None]);
    }

    #[test]
    fn what_makes_patients_hard_for_both_cancels() {
        // b is 0.01 lower on every slice, while patients differ by far more.
        let a: Vec<f64> = (0..90).map(|i| f64::from(i / 3)).collect();
        let b: Vec<f64> = a.iter().map(|value| value - 0.01).collect();
        let clusters: Vec<usize> = (0..90).map(|i| i / 3).collect();
        let compare = |first: &[f64], second: &[f64]| {
            paired_bootstrap(&clusters, 200, &mut rng(), |items| {
                mean(first, items).zip(mean(second, items))
            })
            .unwrap()
        };
        let found = compare(&a, &b);
        let interval = found.interval.unwrap();
        assert!((found.difference + 0.01).abs() < 1e-9);
        assert!((interval.low + 0.01).abs() < 1e-9 && (interval.high + 0.01).abs() < 1e-9);
        assert_eq!(found.lower_in, Some(1.0));
        assert_eq!(compare(&b, &a).lower_in, Some(0.0));
        assert_eq!(compare(&a, &a).lower_in, Some(0.5));
        let alone = paired_bootstrap(&[0, 0], 50, &mut rng(), |_| Some((1.0, 2.0))).unwrap();
        assert_eq!(
            (alone.difference, alone.interval, alone.lower_in),
            (1.0, None, None)
        );
    }

    #[test]
    fn an_interval_is_shown_with_both_ends() {
        let shown = |low, high| Interval { low, high }.to_string();
        assert_eq!(shown(0.0812, 0.09336), "0.0812–0.0934");
        assert_eq!(shown(-0.01, 0.02), "-0.0100 to 0.0200");
    }

    #[test]
    fn percentiles_are_numpys() {
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert!((percentile(&[1.0, 2.0, 3.0, 4.0], 0.975) - 3.925).abs() < 1e-12);
        assert_eq!(percentile(&[5.0], 0.025), 5.0);
    }
}
