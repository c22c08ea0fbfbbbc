//! 95 % intervals over patients, all from the same resamples.

use ichflow_api::data::labels::{COUNT, METRIC_WEIGHTS};
use ichflow_api::metrics::{self, Interval, Ranked, cluster_bootstrap};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;

use super::{Judged, Settings};

/// The intervals of one label's metrics; absent where a metric is undefined in most resamples.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelIntervals {
    /// The label.
    pub label: &'static str,
    /// Of the mean log loss.
    pub log_loss: Option<Interval>,
    /// Of the area under the ROC curve.
    pub auc: Option<Interval>,
    /// Of the average precision.
    pub average_precision: Option<Interval>,
}

/// The intervals of a part.
pub(super) struct Intervals {
    pub weighted_log_loss: Option<Interval>,
    pub labels: Vec<LabelIntervals>,
}

/// Statistics of a resample: the weighted log loss, then of each label log loss, AUC, average precision.
const STATISTICS: usize = 1 + 3 * COUNT;

/// Resamples patients. Slices are sorted once, and a resample only says how often each counts.
pub(super) fn intervals(judged: &Judged, settings: Settings, rng: &mut ChaCha8Rng) -> Intervals {
    let losses: Vec<[f64; COUNT]> = judged
        .truth
        .iter()
        .zip(&judged.probabilities)
        .map(|(truth, row)| {
            std::array::from_fn(|label| {
                metrics::label_log_loss(&[truth[label]], &[row[label]], settings.eps).unwrap_or(f64::NAN)
            })
        })
        .collect();
    let ranked: Vec<Ranked> = (0..COUNT)
        .map(|label| {
            let (truth, probabilities) = judged.label(label);
            Ranked::of(&truth, &probabilities)
        })
        .collect();
    let weights: f64 = METRIC_WEIGHTS.iter().sum();
    let found = cluster_bootstrap::<STATISTICS>(&judged.patient, settings.bootstrap, rng, |slices| {
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
            statistics[2 + 3 * label] = areas.map(|(auc, _)| auc);
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
