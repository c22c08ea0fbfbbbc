//! How far probabilities are from observed frequencies, along a smooth curve.

use crate::logistic;
use crate::recalibration::clipped_logits;
use crate::{MetricsError, checks};

/// Distances between the probabilities and the calibration curve, over all cases (Austin and Steyerberg 2019).
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct CalibrationErrors {
    /// Integrated calibration index: the mean distance.
    pub ici: f64,
    /// The median distance.
    pub e50: f64,
    /// The 90th percentile of the distances.
    pub e90: f64,
    /// The largest distance.
    pub e_max: f64,
}

/// A calibration curve: observed frequency as a smooth function of the predicted probability.
///
/// Logistic regression on a restricted cubic spline of the logit with knots at its 5th, 35th, 65th and 95th
/// percentiles (Harrell 2015, section 2.4.6; Austin and Steyerberg name it beside loess, which has a span to
/// choose and no formula to check). Where knots coincide, as with few distinct probabilities, the line of
/// [`calibration_line`](crate::calibration_line).
#[derive(Clone, Debug)]
pub struct CalibrationCurve {
    spline: Option<Spline>,
    coefficients: [f64; 4],
    eps: f64,
    distances: Vec<f64>,
}

impl CalibrationCurve {
    /// Fits the curve; probabilities are clipped to `[eps, 1 − eps]`.
    ///
    /// For an interval fit it again in each resample of [`cluster_bootstrap`](crate::cluster_bootstrap).
    ///
    /// # Errors
    /// [`MetricsError::NoSpread`] where all probabilities are alike, [`MetricsError::Separated`] where they
    /// separate the classes, [`MetricsError::TooFew`] with one class or fewer cases than coefficients,
    /// [`MetricsError::Range`] and [`MetricsError::Length`] for bad arguments.
    pub fn fit(truth: &[bool], probabilities: &[f64], eps: f64) -> Result<Self, MetricsError> {
        let logits = clipped_logits(truth, probabilities, eps)?;
        checks::at_least("cases", 3, truth.len())?;
        let zeros = vec![0.0; truth.len()];
        let what = "the calibration curve";
        let spline = Spline::of(&logits);
        let coefficients = match &spline {
            Some(spline) => {
                let rows: Vec<[f64; 4]> = logits.iter().map(|logit| spline.row(*logit)).collect();
                logistic::coefficients(&rows, &zeros, truth, what)?
            }
            None => {
                let rows: Vec<[f64; 2]> = logits.iter().map(|logit| [1.0, *logit]).collect();
                let [intercept, slope] = logistic::coefficients(&rows, &zeros, truth, what)?;
                [intercept, slope, 0.0, 0.0]
            }
        };
        let mut curve = Self {
            spline,
            coefficients,
            eps,
            distances: Vec::new(),
        };
        curve.distances = probabilities
            .iter()
            .map(|p| (curve.observed_at(*p) - p).abs())
            .collect();
        curve.distances.sort_by(f64::total_cmp);
        Ok(curve)
    }

    /// The frequency that a predicted probability goes with, 0 to 1.
    pub fn observed_at(&self, probability: f64) -> f64 {
        let p = probability.clamp(self.eps, 1.0 - self.eps);
        let logit = (p / (1.0 - p)).ln();
        let row = match &self.spline {
            Some(spline) => spline.row(logit),
            None => [1.0, logit, 0.0, 0.0],
        };
        logistic::sigmoid(row.iter().zip(&self.coefficients).map(|(x, beta)| x * beta).sum())
    }

    /// How far the probabilities it was fitted to are from it.
    pub fn errors(&self) -> CalibrationErrors {
        CalibrationErrors {
            ici: self.distances.iter().sum::<f64>() / self.distances.len() as f64,
            e50: crate::bootstrap::percentile(&self.distances, 0.5),
            e90: crate::bootstrap::percentile(&self.distances, 0.9),
            e_max: crate::bootstrap::percentile(&self.distances, 1.0),
        }
    }
}

/// A restricted cubic spline with four knots: cubic between them, linear beyond.
#[derive(Clone, Debug)]
struct Spline {
    knots: [f64; 4],
}

impl Spline {
    /// `None` where knots coincide.
    fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let knots = [0.05, 0.35, 0.65, 0.95].map(|q| crate::bootstrap::percentile(&sorted, q));
        knots
            .windows(2)
            .all(|pair| pair[0] < pair[1])
            .then_some(Self { knots })
    }

    /// Constant, line and two cubic terms, scaled by the squared range of the knots.
    fn row(&self, x: f64) -> [f64; 4] {
        let [first, second, third, last] = self.knots;
        let cube = |from: f64| (x - from).max(0.0).powi(3);
        let term = |knot: f64| {
            (cube(knot) - cube(third) * (last - knot) / (last - third)
                + cube(last) * (third - knot) / (last - third))
                / (last - first).powi(2)
        };
        [1.0, x, term(first), term(second)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPS: f64 = 1e-6;

    #[test]
    fn beyond_the_knots_it_is_a_line() {
        let spline = Spline {
            knots: [-2.0, -0.5, 0.6, 2.0],
        };
        for k in 0..4 {
            let at = |x: f64| spline.row(x)[k];
            assert!((at(5.0) - 2.0 * at(4.0) + at(3.0)).abs() < 1e-9);
            assert!((at(-5.0) - 2.0 * at(-4.0) + at(-3.0)).abs() < 1e-9);
        }
    }

    #[test]
    fn few_distinct_probabilities_have_a_line_and_one_has_none() {
        let truth: Vec<bool> = (0..40).map(|i| i % 3 == 0).collect();
        let two: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 0.2 } else { 0.6 }).collect();
        let curve = CalibrationCurve::fit(&truth, &two, EPS).unwrap();
        let share = |rest: usize| {
            let those: Vec<_> = (0..40).filter(|i| i % 2 == rest).collect();
            those.iter().filter(|i| truth[**i]).count() as f64 / those.len() as f64
        };
        assert!((curve.observed_at(0.2) - share(0)).abs() < 1e-9);
        assert!((curve.observed_at(0.6) - share(1)).abs() < 1e-9);
        let expected = ((share(0) - 0.2).abs() + (share(1) - 0.6).abs()) / 2.0;
        assert!((curve.errors().ici - expected).abs() < 1e-9);
        assert!(matches!(
            CalibrationCurve::fit(&truth, &[0.5; 40], EPS),
            Err(MetricsError::NoSpread { .. })
        ));
        assert!(matches!(
            CalibrationCurve::fit(&[true; 40], &two, EPS),
            Err(MetricsError::TooFew { .. })
        ));
        assert!(CalibrationCurve::fit(&[], &[], EPS).is_err());
    }
}
