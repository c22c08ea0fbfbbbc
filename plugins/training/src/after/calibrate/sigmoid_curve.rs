//! Calibration by a sigmoid of the logit: Platt scaling and temperature scaling.

use super::super::{logit, sigmoid};

/// `σ(slope·logit(p) + offset)`, with a slope that is not negative: order is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SigmoidCurve {
    /// Below 1: the network is too sure of itself. A temperature is 1/slope.
    pub slope: f64,
    /// Above 0: the network says too little.
    pub offset: f64,
}

impl SigmoidCurve {
    /// The calibrated probability.
    pub fn apply(&self, probability: f64) -> f64 {
        sigmoid(self.slope * logit(probability) + self.offset)
    }

    /// Fits to the truth by least log loss; without an offset where `with_offset` is false (temperature
    /// scaling: Guo et al. 2017). There must be slices of both classes.
    ///
    /// Targets are not 0 and 1 but those of Platt (1999), `1/(N₋+2)` and `(N₊+1)/(N₊+2)`: what few slices
    /// separate perfectly does not become certain. Newton's method with halved steps (Lin, Lin and Weng
    /// 2007).
    pub fn fit(probabilities: &[f64], truth: &[bool], with_offset: bool) -> Self {
        let positives = truth.iter().filter(|positive| **positive).count() as f64;
        let negatives = truth.len() as f64 - positives;
        let (high, low) = ((positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0));
        let samples: Vec<(f64, f64)> = probabilities
            .iter()
            .zip(truth)
            .map(|(probability, positive)| (logit(*probability), if *positive { high } else { low }))
            .collect();
        let mut curve = Self {
            slope: 1.0,
            offset: 0.0,
        };
        let mut loss = curve.loss(&samples);
        for _ in 0..100 {
            let Some((slope, offset)) = curve.step(&samples, with_offset) else {
                break;
            };
            let mut size = 1.0;
            let better = loop {
                let next = Self {
                    slope: curve.slope - size * slope,
                    offset: curve.offset - size * offset,
                };
                let next_loss = next.loss(&samples);
                if next_loss < loss {
                    break Some((next, next_loss));
                }
                size /= 2.0;
                if size < 1e-12 {
                    break None;
                }
            };
            match better {
                Some((next, next_loss)) => (curve, loss) = (next, next_loss),
                None => break,
            }
        }
        if curve.slope >= 0.0 {
            return curve;
        }
        // Worse than chance: order says nothing, and only the frequency is left.
        let mean = samples.iter().map(|(_, target)| target).sum::<f64>() / samples.len() as f64;
        Self {
            slope: 0.0,
            offset: if with_offset { logit(mean) } else { 0.0 },
        }
    }

    /// `Σ ln(1 + e^z) − t·z`.
    fn loss(&self, samples: &[(f64, f64)]) -> f64 {
        samples
            .iter()
            .map(|(x, target)| {
                let z = self.slope * x + self.offset;
                z.max(0.0) + (-z.abs()).exp().ln_1p() - target * z
            })
            .sum()
    }

    /// Newton's step; `None` where the loss is flat.
    fn step(&self, samples: &[(f64, f64)], with_offset: bool) -> Option<(f64, f64)> {
        let (mut by_slope, mut by_offset) = (0.0, 0.0);
        let (mut xx, mut x1, mut one) = (1e-12, 0.0, 1e-12);
        for (x, target) in samples {
            let p = sigmoid(self.slope * x + self.offset);
            let (error, curvature) = (p - target, p * (1.0 - p));
            by_slope += error * x;
            by_offset += error;
            xx += curvature * x * x;
            x1 += curvature * x;
            one += curvature;
        }
        let step = if with_offset {
            let determinant = xx * one - x1 * x1;
            (
                (one * by_slope - x1 * by_offset) / determinant,
                (xx * by_offset - x1 * by_slope) / determinant,
            )
        } else {
            (by_slope / xx, 0.0)
        };
        (step.0.is_finite() && step.1.is_finite()).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_temperature_for_all_slices_is_found_again() {
        // Overconfident by a factor of 2: 900 of 1000 where 0.9 is true and 0.988 is said.
        let mut probabilities = Vec::new();
        let mut truth = Vec::new();
        for (said, positives) in [
            (sigmoid(2.0 * logit(0.9)), 9000),
            (sigmoid(2.0 * logit(0.2)), 2000),
        ] {
            for i in 0..10_000 {
                probabilities.push(said);
                truth.push(i < positives);
            }
        }
        for with_offset in [true, false] {
            let curve = SigmoidCurve::fit(&probabilities, &truth, with_offset);
            assert!((curve.slope - 0.5).abs() < 1e-3, "{curve:?}");
            assert!(curve.offset.abs() < 1e-3, "{curve:?}");
        }
    }

    proptest! {
        #[test]
        fn order_is_kept(
            slices in prop::collection::vec((0.0_f64..=1.0, any::<bool>()), 2..60),
            with_offset: bool,
        ) {
            let (probabilities, truth): (Vec<f64>, Vec<bool>) = slices.into_iter().unzip();
            let curve = SigmoidCurve::fit(&probabilities, &truth, with_offset);
            let mut sorted = probabilities.clone();
            sorted.sort_by(f64::total_cmp);
            let calibrated: Vec<f64> = sorted.iter().map(|p| curve.apply(*p)).collect();
            prop_assert!(calibrated.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", curve);
            prop_assert!(calibrated.iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }
}
