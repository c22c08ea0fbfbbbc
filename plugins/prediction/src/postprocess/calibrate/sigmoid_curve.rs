//! Calibration by a sigmoid of the logit: Platt scaling and temperature scaling.

use ichflow_api::prelude::*;
use linfa::ParamGuard;
use linfa::composing::platt_scaling::{PlattParams, platt_newton_method};
use ndarray::ArrayView1;

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
    /// separate perfectly does not become certain. With an offset it is linfa's Platt scaling (Newton's
    /// method: Lin, Lin and Weng 2007); linfa has none without.
    ///
    /// # Errors
    /// Where no least is found.
    pub fn fit(probabilities: &[f64], truth: &[bool], with_offset: bool) -> Result<Self> {
        let logits: Vec<f64> = probabilities
            .iter()
            .map(|probability| logit(*probability))
            .collect();
        let curve = if with_offset {
            platt(&logits, truth)?
        } else {
            temperature(&logits, truth)
        };
        if curve.slope >= 0.0 {
            return Ok(curve);
        }
        // Worse than chance: order says nothing, and only the frequency is left.
        let targets = targets(truth);
        let mean = targets.iter().sum::<f64>() / targets.len() as f64;
        Ok(Self {
            slope: 0.0,
            offset: if with_offset { logit(mean) } else { 0.0 },
        })
    }
}

/// Platt's targets.
fn targets(truth: &[bool]) -> Vec<f64> {
    let positives = truth.iter().filter(|positive| **positive).count() as f64;
    let negatives = truth.len() as f64 - positives;
    let (high, low) = ((positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0));
    truth
        .iter()
        .map(|positive| if *positive { high } else { low })
        .collect()
}

/// The sigmoid with slope and offset. linfa's is `1/(1 + e^(a·x + b))`.
fn platt(logits: &[f64], truth: &[bool]) -> Result<SigmoidCurve> {
    let settings = PlattParams::<f64, ()>::default()
        .check()
        .doing("Platt scaling cannot be set up")?;
    let (a, b) = platt_newton_method(ArrayView1::from(logits), ArrayView1::from(truth), &settings)
        .doing("a calibration curve cannot be fitted")?;
    Ok(SigmoidCurve {
        slope: -a,
        offset: -b,
    })
}

/// The slope alone, by Newton's method with halved steps on `Σ ln(1 + e^z) − t·z`, `z = slope·x`.
fn temperature(logits: &[f64], truth: &[bool]) -> SigmoidCurve {
    let targets = targets(truth);
    let samples = || logits.iter().zip(&targets);
    let loss = |slope: f64| -> f64 {
        samples()
            .map(|(x, target)| {
                let z = slope * x;
                z.max(0.0) + (-z.abs()).exp().ln_1p() - target * z
            })
            .sum()
    };
    let mut slope = 1.0;
    let mut least = loss(slope);
    for _ in 0..100 {
        let (gradient, curvature) = samples().fold((0.0, 1e-12), |(gradient, curvature), (x, target)| {
            let p = sigmoid(slope * x);
            (gradient + (p - target) * x, curvature + p * (1.0 - p) * x * x)
        });
        let better = (0..40)
            .map(|halved| slope - gradient / curvature / 2.0_f64.powi(halved))
            .map(|next| (next, loss(next)))
            .find(|(_, next)| *next < least);
        match better {
            Some((next, next_loss)) => (slope, least) = (next, next_loss),
            None => break,
        }
    }
    SigmoidCurve { slope, offset: 0.0 }
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
            let curve = SigmoidCurve::fit(&probabilities, &truth, with_offset).unwrap();
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
            let curve = SigmoidCurve::fit(&probabilities, &truth, with_offset).unwrap();
            let mut sorted = probabilities.clone();
            sorted.sort_by(f64::total_cmp);
            let calibrated: Vec<f64> = sorted.iter().map(|p| curve.apply(*p)).collect();
            prop_assert!(calibrated.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", curve);
            prop_assert!(calibrated.iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }
}
