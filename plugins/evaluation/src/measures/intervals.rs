//! 95 % intervals over patients, all from the same resamples.

use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::LabelIntervals;
use ichflow_api::metrics::{self, Interval, Ranked, cluster_bootstrap_of};
use rand_chacha::ChaCha8Rng;

use crate::settings::Evaluate;

/// The intervals of a part.
pub(super) struct Intervals {
    pub weighted_log_loss: Option<Interval>,
    pub labels: Vec<LabelIntervals>,
}

/// What a resample adds up of one label.
struct OfLabel {
    /// The log loss of each slice; `None` where its truth is unknown.
    losses: Vec<Option<f64>>,
    /// The slices whose truth is known.
    known: Vec<usize>,
    /// These, sorted by probability.
    ranked: Ranked,
}

impl OfLabel {
    fn of(labelled: &LabelledPredictions, label: usize, eps: f64) -> Self {
        let mut losses = vec![None; labelled.truth.len()];
        let known = labelled.known(label).map(|(slice, positive)| {
            let probability = labelled.probabilities[slice][label];
            losses[slice] = metrics::label_log_loss(&[positive], &[probability], eps);
            slice
        });
        let known: Vec<usize> = known.collect();
        let (truth, probabilities) = labelled.label(label);
        Self {
            losses,
            known,
            ranked: Ranked::of(&truth, &probabilities),
        }
    }

    /// Sum of the log losses of some slices, and how many of them are known.
    fn sum(&self, slices: &[usize]) -> (f64, usize) {
        let losses = slices.iter().filter_map(|slice| self.losses[*slice]);
        losses.fold((0.0, 0), |(sum, count), loss| (sum + loss, count + 1))
    }

    /// AUROC and average precision where each slice counts as often as `times` says.
    fn areas(&self, times: &[u32]) -> Option<(f64, f64)> {
        if self.known.len() == times.len() {
            return self.ranked.areas(times);
        }
        let times: Vec<u32> = self.known.iter().map(|slice| times[*slice]).collect();
        self.ranked.areas(&times)
    }
}

/// Resamples patients. Slices are sorted once, and a resample only says how often each counts.
pub(super) fn intervals(
    labelled: &LabelledPredictions,
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Intervals {
    let labels = &labelled.labels;
    let of: Vec<OfLabel> = (0..labels.len())
        .map(|label| OfLabel::of(labelled, label, settings.eps))
        .collect();
    // The weighted log loss, then of each label log loss, AUROC, average precision.
    let count = 1 + 3 * labels.len();
    let found = cluster_bootstrap_of(count, &labelled.patient, settings.bootstrap, rng, |slices| {
        let mut times = vec![0_u32; labelled.truth.len()];
        for slice in slices {
            times[*slice] += 1;
        }
        let sums: Vec<(f64, usize)> = of.iter().map(|label| label.sum(slices)).collect();
        let mut statistics = vec![weighted(&sums, labels.weights(), slices.len())];
        for (label, (sum, known)) in of.iter().zip(sums) {
            let areas = label.areas(&times);
            statistics.push((known > 0).then(|| sum / known as f64));
            statistics.push(areas.map(|(auroc, _)| auroc));
            statistics.push(areas.map(|(_, precision)| precision));
        }
        statistics
    });
    Intervals {
        weighted_log_loss: found[0],
        labels: (0..labels.len())
            .map(|label| LabelIntervals {
                label: labels.name(label).to_owned(),
                log_loss: found[1 + 3 * label],
                auc: found[2 + 3 * label],
                average_precision: found[3 + 3 * label],
            })
            .collect(),
    }
}

/// The weighted log loss from each label's sum over the slices where it is known.
fn weighted(sums: &[(f64, usize)], weights: &[f64], slices: usize) -> Option<f64> {
    if sums.iter().all(|(_, known)| *known == slices) {
        // Means first: the order of rounding in which the score is known.
        let means = sums.iter().map(|(sum, _)| sum / slices as f64);
        let total: f64 = weights.iter().sum();
        return Some(
            weights
                .iter()
                .zip(means)
                .map(|(weight, mean)| weight * mean)
                .sum::<f64>()
                / total,
        );
    }
    let both = sums.iter().zip(weights);
    let (sum, total) = both.fold((0.0, 0.0), |(sum, total), ((of_label, known), weight)| {
        (sum + weight * of_label, total + weight * *known as f64)
    });
    (total > 0.0).then(|| sum / total)
}
