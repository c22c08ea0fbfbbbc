//! AUROC and average precision of many resamples: the slices are sorted once.

use crate::PartialAuroc;

/// One label's slices, highest probability first.
pub struct Ranked {
    /// Slice, whether it is positive, and whether it is the last of its tie.
    order: Vec<(usize, bool, bool)>,
}

impl Ranked {
    /// Sorts the slices; `truth` and `scores` have one entry a slice.
    pub fn of(truth: &[bool], scores: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..truth.len().min(scores.len())).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let last = |rank: usize| {
            let next = order.get(rank + 1);
            next.is_none_or(|next| scores[*next] != scores[order[rank]])
        };
        Self {
            order: (0..order.len())
                .map(|rank| (order[rank], truth[order[rank]], last(rank)))
                .collect(),
        }
    }

    /// The partial AUROC where slice i counts `times[i]` times, as [`crate::partial_auroc`] of the slices so repeated;
    /// `None` where all that count are of one class, or the rate is not above 0 and at most 1.
    pub fn partial_auroc(&self, times: &[u32], max_fpr: f64) -> Option<PartialAuroc> {
        let (mut all_positives, mut all_negatives) = (0_u64, 0_u64);
        for (slice, positive, _) in &self.order {
            *(if *positive {
                &mut all_positives
            } else {
                &mut all_negatives
            }) += u64::from(times[*slice]);
        }
        if all_positives == 0 || all_negatives == 0 || !(max_fpr > 0.0 && max_fpr <= 1.0) {
            return None;
        }
        let last_negative = max_fpr * all_negatives as f64;
        let (mut positives, mut negatives) = (0_u64, 0_u64);
        let (mut positives_before, mut negatives_before) = (0_u64, 0_u64);
        let mut area = 0.0;
        for (slice, positive, last) in &self.order {
            *(if *positive { &mut positives } else { &mut negatives }) += u64::from(times[*slice]);
            if !*last {
                continue;
            }
            let (left, right) = (negatives_before as f64, negatives as f64);
            let (below, above) = (positives_before as f64, positives as f64);
            if right >= last_negative {
                let share = if right > left {
                    (last_negative - left) / (right - left)
                } else {
                    0.0
                };
                area += (last_negative - left) * (2.0 * below + (above - below) * share) / 2.0;
                break;
            }
            area += (right - left) * (below + above) / 2.0;
            (positives_before, negatives_before) = (positives, negatives);
        }
        Some(PartialAuroc::of(
            area / (all_positives as f64 * all_negatives as f64),
            max_fpr,
        ))
    }

    /// AUROC and average precision where slice i counts `times[i]` times, as [`crate::auroc`] and
    /// [`crate::average_precision`] of the slices so repeated; `None` where all that count are of one class.
    pub fn areas(&self, times: &[u32]) -> Option<(f64, f64)> {
        let (mut positives, mut negatives) = (0_u64, 0_u64);
        // Where the curve was before the tie.
        let (mut positives_before, mut negatives_before) = (0_u64, 0_u64);
        let (mut trapezoids, mut precisions) = (0.0, 0.0);
        for (slice, positive, last) in &self.order {
            let count = u64::from(times[*slice]);
            *(if *positive { &mut positives } else { &mut negatives }) += count;
            if *last && (positives, negatives) != (positives_before, negatives_before) {
                let gained = (positives - positives_before) as f64;
                trapezoids +=
                    (negatives - negatives_before) as f64 * (positives + positives_before) as f64 / 2.0;
                precisions += gained * positives as f64 / (positives + negatives) as f64;
                (positives_before, negatives_before) = (positives, negatives);
            }
        }
        (positives > 0 && negatives > 0).then(|| {
            (
                trapezoids / (positives as f64 * negatives as f64),
                precisions / positives as f64,
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auroc, average_precision};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counting_a_slice_twice_is_having_it_twice(
            slices in prop::collection::vec((any::<bool>(), 0_u8..9, 0_u32..4), 1..60),
        ) {
            let truth: Vec<bool> = slices.iter().map(|(truth, ..)| *truth).collect();
            let scores: Vec<f64> = slices.iter().map(|(_, score, _)| f64::from(*score)).collect();
            let times: Vec<u32> = slices.iter().map(|(.., times)| *times).collect();
            let repeated: Vec<(bool, f64)> = slices
                .iter()
                .flat_map(|(truth, score, times)| vec![(*truth, f64::from(*score)); *times as usize])
                .collect();
            let (truths, all): (Vec<bool>, Vec<f64>) = repeated.into_iter().unzip();
            let expected = auroc(&truths, &all).zip(average_precision(&truths, &all));
            match (Ranked::of(&truth, &scores).areas(&times), expected) {
                (Some(found), Some(expected)) => {
                    prop_assert!((found.0 - expected.0).abs() < 1e-12, "{} {}", found.0, expected.0);
                    prop_assert!((found.1 - expected.1).abs() < 1e-12, "{} {}", found.1, expected.1);
                }
                (None, None) => {}
                // Average precision is defined where every slice is positive; areas are not.
                (found, expected) => prop_assert!(false, "{:?} {:?}", found, expected),
            }
        }

        #[test]
        fn order_does_not_matter(
            slices in prop::collection::vec((any::<bool>(), 0_u8..9), 2..60),
            turned in any::<prop::sample::Index>(),
        ) {
            let mut other = slices.clone();
            other.rotate_left(turned.index(slices.len()));
            other.reverse();
            let split = |slices: &[(bool, u8)]| -> (Vec<bool>, Vec<f64>) {
                slices.iter().map(|(truth, score)| (*truth, f64::from(*score) / 9.0)).unzip()
            };
            let ((t, p), (u, q)) = (split(&slices), split(&other));
            let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-12,
                (a, b) => a == b,
            };
            prop_assert!(near(auroc(&t, &p), auroc(&u, &q)));
            prop_assert!(near(average_precision(&t, &p), average_precision(&u, &q)));
            prop_assert!(near(crate::brier(&t, &p), crate::brier(&u, &q)));
            prop_assert!(near(
                crate::label_log_loss(&t, &p, 1e-15),
                crate::label_log_loss(&u, &q, 1e-15)
            ));
            prop_assert!(near(
                crate::expected_calibration_error(&t, &p, 10),
                crate::expected_calibration_error(&u, &q, 10)
            ));
            prop_assert_eq!(
                crate::Confusion::at(&t, &p, 0.4),
                crate::Confusion::at(&u, &q, 0.4)
            );
        }
    }
}
