//! Calibration by a rising step function: isotonic regression.

/// A rising curve through the points where it was fitted, straight between them.
#[derive(Clone, Debug, PartialEq)]
pub struct IsotonicCurve {
    /// Where it was fitted, ascending.
    pub(super) predicted: Vec<f64>,
    /// What was observed there.
    pub(super) observed: Vec<f64>,
    /// Calibrated probabilities stay this far from 0 and 1.
    pub(super) margin: f64,
}

/// Slices pooled because they would fall otherwise.
struct Block {
    sum: f64,
    weight: f64,
    points: usize,
}

impl IsotonicCurve {
    /// Fits by least squares among all rising functions, by pooling adjacent violators (Ayer et al. 1955;
    /// Zadrozny and Elkan 2002); equal probabilities are one point.
    ///
    /// Its ends would be 0 and 1, and one slice on the wrong side would cost an infinite log loss:
    /// probabilities stay `1/(N + 2)` away from both, as little as so many slices can say.
    pub fn fit(probabilities: &[f64], truth: &[bool]) -> Self {
        let mut samples: Vec<(f64, bool)> =
            probabilities.iter().copied().zip(truth.iter().copied()).collect();
        samples.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut predicted: Vec<f64> = Vec::new();
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (probability, positive) in samples {
            let amount = f64::from(u8::from(positive));
            match points.last_mut() {
                Some((sum, weight)) if predicted.last() == Some(&probability) => {
                    *sum += amount;
                    *weight += 1.0;
                }
                _ => {
                    predicted.push(probability);
                    points.push((amount, 1.0));
                }
            }
        }
        let mut blocks: Vec<Block> = Vec::new();
        for (sum, weight) in points {
            let mut block = Block {
                sum,
                weight,
                points: 1,
            };
            while let Some(before) =
                blocks.pop_if(|before| before.sum * block.weight >= block.sum * before.weight)
            {
                block.sum += before.sum;
                block.weight += before.weight;
                block.points += before.points;
            }
            blocks.push(block);
        }
        Self {
            predicted,
            observed: blocks
                .iter()
                .flat_map(|block| std::iter::repeat_n(block.sum / block.weight, block.points))
                .collect(),
            margin: 1.0 / (truth.len() as f64 + 2.0),
        }
    }

    /// The calibrated probability; beyond the ends, that of the end.
    pub fn apply(&self, probability: f64) -> f64 {
        self.between(probability).clamp(self.margin, 1.0 - self.margin)
    }

    fn between(&self, probability: f64) -> f64 {
        let above = self.predicted.partition_point(|x| *x < probability);
        let (Some(y1), Some(x1)) = (self.observed.get(above), self.predicted.get(above)) else {
            return self.observed.last().copied().unwrap_or(probability);
        };
        let Some(below) = above.checked_sub(1) else {
            return *y1;
        };
        let (x0, y0) = (self.predicted[below], self.observed[below]);
        y0 + (y1 - y0) * (probability - x0) / (x1 - x0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn falling_neighbours_are_pooled_and_ties_are_one_point() {
        let curve = IsotonicCurve::fit(
            &[0.1, 0.2, 0.3, 0.3, 0.4, 0.9],
            &[false, true, false, false, false, true],
        );
        assert_eq!(curve.predicted, [0.1, 0.2, 0.3, 0.4, 0.9]);
        assert_eq!(curve.observed, [0.0, 0.25, 0.25, 0.25, 1.0]);
        assert!((curve.between(0.15) - 0.125).abs() < 1e-12);
        assert!((curve.between(0.65) - 0.625).abs() < 1e-12);
        assert_eq!(curve.apply(0.0), 0.125);
        assert_eq!(curve.apply(1.0), 0.875);
    }

    proptest! {
        #[test]
        fn order_is_kept_and_the_mean_is_the_share_of_positives(
            slices in prop::collection::vec((0_u8..=40, any::<bool>()), 2..80),
        ) {
            let probabilities: Vec<f64> = slices.iter().map(|(p, _)| f64::from(*p) / 40.0).collect();
            let truth: Vec<bool> = slices.iter().map(|(_, positive)| *positive).collect();
            let curve = IsotonicCurve::fit(&probabilities, &truth);
            let grid: Vec<f64> = (0..=200).map(|i| curve.apply(f64::from(i) / 200.0)).collect();
            prop_assert!(grid.windows(2).all(|pair| pair[0] <= pair[1] + 1e-15));
            let mean = probabilities.iter().map(|p| curve.between(*p)).sum::<f64>() / truth.len() as f64;
            let share = truth.iter().filter(|positive| **positive).count() as f64 / truth.len() as f64;
            prop_assert!((mean - share).abs() < 1e-9);
        }
    }
}
