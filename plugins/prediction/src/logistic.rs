//! Logistic regression with a penalty on the weights.

use ichflow_api::prelude::*;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression as Solver;
use ndarray::{Array1, Array2};

/// `σ(offset + Σ weights·x)`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticRegression {
    /// The constant.
    pub offset: f64,
    /// One weight a feature.
    pub weights: Vec<f64>,
}

impl LogisticRegression {
    /// The least `Σ log loss + l2/2·Σ weights²`; the offset is not penalised. (scikit-learn's
    /// `LogisticRegression(C=1/l2)`.) linfa's L-BFGS, with a tolerance that reaches scikit-learn's weights
    /// to seven digits; `l2` must be above 0, or separable samples have no least.
    ///
    /// `features` are rows of equal length, one a sample. Where all samples are of one class, the offset
    /// alone says so, as one sample of each class more would.
    ///
    /// # Errors
    /// Where rows differ in length, or no least is found.
    pub fn fit(features: &[impl AsRef<[f64]>], truth: &[bool], l2: f64) -> Result<Self> {
        const TOLERANCE: f64 = 1e-8;
        const MOST_STEPS: u64 = 1000;
        let count = features.first().map_or(0, |row| row.as_ref().len());
        let positives = truth.iter().filter(|positive| **positive).count() as f64;
        let negatives = truth.len() as f64 - positives;
        if positives == 0.0 || negatives == 0.0 {
            return Ok(Self {
                offset: ((positives + 1.0) / (negatives + 1.0)).ln(),
                weights: vec![0.0; count],
            });
        }
        let values = features.iter().flat_map(|row| row.as_ref()).copied().collect();
        let rows = Array2::from_shape_vec((features.len(), count), values)
            .doing("the rows of a logistic regression are not of one length")?;
        let samples = linfa::Dataset::new(rows, Array1::from_vec(truth.to_vec()));
        let fitted = Solver::default()
            .alpha(l2)
            .gradient_tolerance(TOLERANCE)
            .max_iterations(MOST_STEPS)
            .fit(&samples)
            .doing("a logistic regression cannot be fitted")?;
        // linfa decides which class is the positive one.
        let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
        Ok(Self {
            offset: sign * fitted.intercept(),
            weights: fitted.params().iter().map(|weight| sign * weight).collect(),
        })
    }

    /// The probability of one sample.
    pub fn predict(&self, features: &[f64]) -> f64 {
        let sum: f64 = self.weights.iter().zip(features).map(|(w, x)| w * x).sum();
        1.0 / (1.0 + (-self.offset - sum).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_class_is_no_certainty() {
        let fitted = LogisticRegression::fit(&[vec![1.0], vec![2.0]], &[false, false], 1.0).unwrap();
        assert!((fitted.predict(&[5.0]) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn the_sign_does_not_depend_on_which_class_comes_first() {
        let rows = [vec![-1.0], vec![-2.0], vec![1.0], vec![2.0]];
        let truth = [false, false, true, true];
        let rising = LogisticRegression::fit(&rows, &truth, 1.0).unwrap();
        assert!(rising.weights[0] > 0.5 && rising.predict(&[2.0]) > 0.7);
        let falling = LogisticRegression::fit(&rows, &truth.map(|positive| !positive), 1.0).unwrap();
        assert!((rising.weights[0] + falling.weights[0]).abs() < 1e-9);
    }

    #[test]
    fn rows_of_different_length_are_refused() {
        let rows = [vec![1.0, 2.0], vec![1.0]];
        assert!(LogisticRegression::fit(&rows, &[true, false], 1.0).is_err());
    }
}
