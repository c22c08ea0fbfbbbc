//! 95 % intervals over patients, all from the same resamples.

use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::labels::{COUNT, METRIC_WEIGHTS};
use ichflow_api::data::measures::LabelIntervals;
use ichflow_api::metrics::{self, Interval, Ranked, cluster_bootstrap};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;

use crate::settings::Evaluate;

/// The intervals of a part.
pub(super) struct Intervals {
    pub weighted_log_loss: Option<Interval>,
    pub labels: Vec<LabelIntervals>,
}

/// Statistics of a resample: the weighted log loss, then of each label log loss, AUROC, average precision.
const STATISTICS: usize = 1 + 3 * COUNT;

/// Resamples patients. Slices are sorted once, and a resample only says how often each counts.
pub(super) fn intervals(
    labelled: &LabelledPredictions,
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Intervals {
    let losses: Vec<[f64; COUNT]> = labelled
        .truth
        .iter()
        .zip(&labelled.probabilities)
        .map(|(truth, row)| {
            std::array::from_fn(|label| {
                metrics::label_log_loss(&[truth[label]], &[row[label]], settings.eps).unwrap_or(f64::NAN)
            })
        })
        .collect();
    let ranked: Vec<Ranked> = (0..COUNT)
        .map(|label| {
            let (truth, probabilities) = labelled.label(label);
            Ranked::of(&truth, &probabilities)
        })
        .collect();
    let weights: f64 = METRIC_WEIGHTS.iter().sum();
    let found = cluster_bootstrap::<STATISTICS>(&labelled.patient, settings.bootstrap, rng, |slices| {
        let mut times = vec![0_u32; losses.len()];
        let mut sums = [0.0; COUNT];
        for slice in slices {
            times[*slice] += 1;
            for (sum, loss) in sums.iter_mut().zip(losses[*slice]) {
                *sum += loss;
            }
        }
        let means = sums.map(|sum| sum / slices.len() as f64);
        let weighted = METRIC_WEIGHTS
            .iter()
            .zip(means)
            .map(|(weight, mean)| weight * mean)
            .sum::<f64>()
            / weights;
        let mut statistics = [None; STATISTICS];
        statistics[0] = Some(weighted);
        for label in 0..COUNT {
            let areas = ranked[label].areas(&times);
            statistics[1 + 3 * label] = Some(means[label]);
            statistics[2 + 3 * label] = areas.map(|(auroc, _)| auroc);
            statistics[3 + 3 * label] = areas.map(|(_, precision)| precision);
        }
        statistics
    });
    Intervals {
        weighted_log_loss: found[0],
        labels: (0..COUNT)
            .map(|label| LabelIntervals {
                label: LABELS[label],
                log_loss: found[1 + 3 * label],
                auc: found[2 + 3 * label],
                average_precision: found[3 + 3 * label],
            })
            .collect(),
    }
}
