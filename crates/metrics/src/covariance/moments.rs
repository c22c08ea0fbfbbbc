//! Sums over rows of features, from which mean and covariance come.

use super::{FeatureGaussian, triangle};
use crate::{MetricsError, checks};

/// Sums over rows of features: what mean, covariance and its shrinkage need, so that no row has to be kept. Memory and
/// the time of a row grow with the square of the number of features.
///
/// Rows are counted from the first one, so that features far from 0 lose no digits.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    count: usize,
    origin: Vec<f64>,
    /// `Σ y`, with `y` the row less the first.
    sum: Vec<f64>,
    /// `Σ y yᵀ`, the lower triangle row by row.
    cross: Vec<f64>,
    /// `Σ |y|² y`.
    cubed: Vec<f64>,
    /// `Σ |y|⁴`.
    fourth: f64,
    /// The row at work, less the first.
    scratch: Vec<f64>,
}

impl Moments {
    /// Nothing yet, of rows of `width` features.
    pub fn new(width: usize) -> Self {
        Self {
            count: 0,
            origin: Vec::new(),
            sum: vec![0.0; width],
            cross: vec![0.0; triangle(width)],
            cubed: vec![0.0; width],
            fourth: 0.0,
            scratch: vec![0.0; width],
        }
    }

    /// Number of features.
    pub fn width(&self) -> usize {
        self.sum.len()
    }

    /// Number of rows so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`MetricsError::Length`] for a row of another width; [`MetricsError::Range`] for a feature that is not finite.
    pub fn add(&mut self, row: &[f64]) -> Result<(), MetricsError> {
        checks::length("a row of features", self.width(), row.len())?;
        checks::finite("a feature", row)?;
        if self.origin.is_empty() {
            self.origin = row.to_vec();
        }
        self.count += 1;
        for ((y, value), origin) in self.scratch.iter_mut().zip(row).zip(&self.origin) {
            *y = value - origin;
        }
        let square: f64 = self.scratch.iter().map(|y| y * y).sum();
        self.fourth += square * square;
        let mut start = 0;
        for (i, y) in self.scratch.iter().enumerate() {
            self.sum[i] += y;
            self.cubed[i] += square * y;
            if *y != 0.0 {
                let line = &mut self.cross[start..=start + i];
                for (entry, other) in line.iter_mut().zip(&self.scratch) {
                    *entry += y * other;
                }
            }
            start += i + 1;
        }
        Ok(())
    }

    /// Their mean and their covariance, shrunk towards a multiple of the identity by Ledoit and Wolf's rule (2004,
    /// Journal of Multivariate Analysis 88: 365–411, lemma 3.3): so it can be inverted however few rows there are.
    ///
    /// The rule is for independent rows. Slices of a patient are alike, so that less is shrunk than would be best.
    ///
    /// # Errors
    /// [`MetricsError::TooFew`] for less than two rows; [`MetricsError::Singular`] where all are equal.
    pub fn gaussian(&self) -> Result<FeatureGaussian, MetricsError> {
        checks::at_least("rows of features", 2, self.count)?;
        let (n, p) = (self.count as f64, self.width() as f64);
        let shift: Vec<f64> = self.sum.iter().map(|sum| sum / n).collect();
        let mut covariance = self.cross.clone();
        let (mut trace, mut squares, mut raw_trace, mut along_shift) = (0.0, 0.0, 0.0, 0.0);
        let mut start = 0;
        for i in 0..self.width() {
            for j in 0..=i {
                let cross = self.cross[start + j];
                let entry = cross / n - shift[i] * shift[j];
                covariance[start + j] = entry;
                let twice = if i == j { 1.0 } else { 2.0 };
                squares += twice * entry * entry;
                along_shift += twice * shift[i] * cross * shift[j];
            }
            trace += covariance[start + i];
            raw_trace += self.cross[start + i];
            start += i + 1;
        }
        // Σ |y − d|⁴ = Σ (|y|² − 2 d·y + |d|²)².
        let d2: f64 = shift.iter().map(|d| d * d).sum();
        let d_cubed: f64 = shift.iter().zip(&self.cubed).map(|(d, cubed)| d * cubed).sum();
        let fourth = self.fourth + 4.0 * along_shift - 4.0 * d_cubed + 2.0 * d2 * raw_trace + n * d2 * d2
            - 4.0 * n * d2 * d2;
        let mean_variance = trace / p;
        let error = (fourth / n - squares) / (p * n);
        let distance = (squares - trace * mean_variance) / p;
        let shrinkage = match distance > 0.0 {
            true => (error.max(0.0) / distance).min(1.0),
            // A multiple of the identity already.
            false => 0.0,
        };
        let mut start = 0;
        for i in 0..self.width() {
            for entry in &mut covariance[start..=start + i] {
                *entry *= 1.0 - shrinkage;
            }
            covariance[start + i] += shrinkage * mean_variance;
            start += i + 1;
        }
        let mean = shift
            .iter()
            .zip(&self.origin)
            .map(|(shift, origin)| shift + origin);
        FeatureGaussian::of_covariance(mean.collect(), covariance, shrinkage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gathered(rows: &[Vec<f64>]) -> Moments {
        let mut moments = Moments::new(rows[0].len());
        rows.iter().for_each(|row| moments.add(row).unwrap());
        moments
    }

    #[test]
    fn refusals() {
        let mut moments = Moments::new(2);
        assert!(matches!(moments.gaussian(), Err(MetricsError::TooFew { .. })));
        assert!(matches!(moments.add(&[1.0]), Err(MetricsError::Length { .. })));
        assert!(matches!(
            moments.add(&[1.0, f64::NAN]),
            Err(MetricsError::Range { .. })
        ));
        assert_eq!(moments.count(), 0);
        moments.add(&[1.0, 2.0]).unwrap();
        moments.add(&[1.0, 2.0]).unwrap();
        assert!(matches!(moments.gaussian(), Err(MetricsError::Singular)));
    }

    proptest! {
        /// The distance does not depend on where 0 is, nor on a common unit.
        #[test]
        fn distances_do_not_change_with_place_and_unit(
            rows in prop::collection::vec(prop::collection::vec(-3.0_f64..3.0, 4), 8..40),
            shift in -1e4_f64..1e4,
            unit in 0.01_f64..100.0,
        ) {
            let moved: Vec<Vec<f64>> =
                rows.iter().map(|row| row.iter().map(|value| unit * value + shift).collect()).collect();
            let (one, other) = (gathered(&rows).gaussian().unwrap(), gathered(&moved).gaussian().unwrap());
            for (row, moved) in rows.iter().zip(&moved) {
                let (a, b) = (one.distance(row).unwrap(), other.distance(moved).unwrap());
                prop_assert!((a - b).abs() < 1e-5 * (1.0 + a), "{a} {b}");
            }
        }
    }
}
