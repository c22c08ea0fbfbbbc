//! Confidence intervals by resampling patients.
//!
//! Slices of one patient resemble each other, so an interval that resamples slices is far too narrow.
//! Whole patients are drawn with replacement (Efron and Tibshirani 1993, chapter 8: the unit of the
//! bootstrap is what was sampled independently), and the interval runs between percentiles.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// A confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// 95 % percentile intervals of `N` statistics at once, over `resamples` draws of whole clusters.
///
/// `cluster_of` gives each item's cluster, numbered from 0 without gaps. `statistics` takes the indices
/// of a resample's items, repeated as drawn. A statistic that is undefined in more than half of the
/// resamples has no interval; nor has anything where there are fewer than two clusters, or no resamples.
pub fn cluster_bootstrap<const N: usize>(
    cluster_of: &[usize],
    resamples: usize,
    rng: &mut ChaCha8Rng,
    statistics: impl Fn(&[usize]) -> [Option<f64>; N] + Sync,
) -> [Option<Interval>; N] {
    let clusters = members(cluster_of);
    if clusters.len() < 2 || resamples == 0 {
        return [None; N];
    }
    // All draws come from one generator before any thread starts: threads do not change the result.
    let draws: Vec<Vec<usize>> = (0..resamples)
        .map(|_| {
            (0..clusters.len())
                .map(|_| rng.random_range(0..clusters.len()))
                .collect()
        })
        .collect();
    let values: Vec<[Option<f64>; N]> = draws
        .par_iter()
        .map(|draw| {
            let items: Vec<usize> = draw
                .iter()
                .flat_map(|cluster| clusters[*cluster].iter().copied())
                .collect();
            statistics(&items)
        })
        .collect();
    std::array::from_fn(|which| {
        let mut values: Vec<f64> = values.iter().filter_map(|values| values[which]).collect();
        values.sort_by(f64::total_cmp);
        (2 * values.len() > resamples).then(|| Interval {
            low: percentile(&values, 0.025),
            high: percentile(&values, 0.975),
        })
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
fn percentile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

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
    fn percentiles_are_numpys() {
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert!((percentile(&[1.0, 2.0, 3.0, 4.0], 0.975) - 3.925).abs() < 1e-12);
        assert_eq!(percentile(&[5.0], 0.025), 5.0);
    }
}
