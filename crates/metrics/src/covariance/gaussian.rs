//! A normal distribution of features, and the distance from it.

use super::triangle;
use crate::{MetricsError, checks};

/// A normal distribution of features: its mean, and the Cholesky factor of its covariance.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureGaussian {
    mean: Vec<f64>,
    /// `L` of `L Lᵀ`, the lower triangle row by row.
    factor: Vec<f64>,
    shrinkage: f64,
}

impl FeatureGaussian {
    /// Of a mean and the lower triangle of a covariance, row by row.
    ///
    /// # Errors
    /// [`MetricsError::Singular`] where the covariance has no inverse.
    pub(super) fn of_covariance(
        mean: Vec<f64>,
        mut covariance: Vec<f64>,
        shrinkage: f64,
    ) -> Result<Self, MetricsError> {
        let (mut start, scale) = (0, largest_variance(mean.len(), &covariance));
        for i in 0..mean.len() {
            let mut other = 0;
            for j in 0..=i {
                let (before, own) = covariance.split_at_mut(start);
                let line = if i == j {
                    &own[..j]
                } else {
                    &before[other..other + j]
                };
                let product: f64 = own[..j].iter().zip(line).map(|(a, b)| a * b).sum();
                let left = own[j] - product;
                own[j] = match i == j {
                    // What is left of rounding is no variance.
                    true if left > 1e-14 * scale => left.sqrt(),
                    true => return Err(MetricsError::Singular),
                    false => left / before[other + j],
                };
                other += j + 1;
            }
            start += i + 1;
        }
        Ok(Self {
            mean,
            factor: covariance,
            shrinkage,
        })
    }

    /// What [`FeatureGaussian::mean`], [`FeatureGaussian::factor`] and [`FeatureGaussian::shrinkage`] gave.
    ///
    /// # Errors
    /// [`MetricsError::Length`] where they do not belong together; [`MetricsError::Singular`] for a factor without
    /// inverse, or numbers that are not finite.
    pub fn from_parts(mean: Vec<f64>, factor: Vec<f64>, shrinkage: f64) -> Result<Self, MetricsError> {
        checks::length("the factor of a covariance", triangle(mean.len()), factor.len())?;
        checks::finite("a mean", &mean)?;
        checks::share("a shrinkage", shrinkage)?;
        let diagonal = |i: usize| factor[triangle(i + 1) - 1];
        let good = factor.iter().all(|entry| entry.is_finite());
        match good && (0..mean.len()).all(|i| diagonal(i) > 0.0) {
            true => Ok(Self {
                mean,
                factor,
                shrinkage,
            }),
            false => Err(MetricsError::Singular),
        }
    }

    /// The mean of every feature.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The Cholesky factor `L` of the covariance `L Lᵀ`: its lower triangle, row by row.
    pub fn factor(&self) -> &[f64] {
        &self.factor
    }

    /// How much of the covariance is a multiple of the identity, 0 to 1.
    pub fn shrinkage(&self) -> f64 {
        self.shrinkage
    }

    /// The covariance of two features.
    pub fn covariance(&self, one: usize, other: usize) -> f64 {
        let row = |i: usize| &self.factor[triangle(i)..triangle(i + 1)];
        row(one).iter().zip(row(other)).map(|(a, b)| a * b).sum()
    }

    /// Mahalanobis' distance (1936) of a row from the mean: `√((x − μ)ᵀ Σ⁻¹ (x − μ))`. Rows of the distribution itself
    /// lie about the square root of the number of features away.
    ///
    /// # Errors
    /// [`MetricsError::Length`] for a row of another width; [`MetricsError::Range`] for a feature that is not finite.
    pub fn distance(&self, row: &[f64]) -> Result<f64, MetricsError> {
        checks::length("a row of features", self.mean.len(), row.len())?;
        checks::finite("a feature", row)?;
        let mut solved: Vec<f64> = Vec::with_capacity(row.len());
        let (mut start, mut square) = (0, 0.0);
        for (i, (value, mean)) in row.iter().zip(&self.mean).enumerate() {
            let line = &self.factor[start..=start + i];
            let product: f64 = line.iter().zip(&solved).map(|(a, b)| a * b).sum();
            let z = (value - mean - product) / line[i];
            square += z * z;
            solved.push(z);
            start += i + 1;
        }
        Ok(square.sqrt())
    }
}

fn largest_variance(width: usize, covariance: &[f64]) -> f64 {
    (1..=width)
        .map(|i| covariance[triangle(i) - 1])
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_by_hand_and_parts_that_come_back() {
        // Covariance [[4, 2], [2, 5]]: L = [[2, 0], [1, 2]].
        let made = FeatureGaussian::of_covariance(vec![1.0, -1.0], vec![4.0, 2.0, 5.0], 0.25).unwrap();
        assert_eq!(made.factor(), [2.0, 1.0, 2.0]);
        assert_eq!((made.covariance(1, 0), made.covariance(1, 1)), (2.0, 5.0));
        // x − μ = (2, 3): z = (1, 1).
        assert_eq!(made.distance(&[3.0, 2.0]).unwrap(), 2.0_f64.sqrt());
        assert_eq!(made.distance(&[1.0, -1.0]).unwrap(), 0.0);
        let (mean, factor) = (made.mean().to_vec(), made.factor().to_vec());
        assert_eq!(FeatureGaussian::from_parts(mean, factor, 0.25).unwrap(), made);
        assert!(made.distance(&[1.0]).is_err() && made.distance(&[f64::NAN, 0.0]).is_err());
    }

    #[test]
    fn parts_that_do_not_belong_together_are_refused() {
        let of = |factor: &[f64]| FeatureGaussian::from_parts(vec![0.0; 2], factor.to_vec(), 0.0);
        assert!(matches!(of(&[1.0, 0.0]), Err(MetricsError::Length { .. })));
        assert!(matches!(of(&[1.0, 0.0, 0.0]), Err(MetricsError::Singular)));
        assert!(matches!(of(&[1.0, f64::NAN, 1.0]), Err(MetricsError::Singular)));
        let singular = FeatureGaussian::of_covariance(vec![0.0; 2], vec![1.0, 1.0, 1.0], 0.0);
        assert!(matches!(singular, Err(MetricsError::Singular)));
    }
}
