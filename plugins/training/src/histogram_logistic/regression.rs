//! Logistic regression with a penalty on the weights.

/// `σ(offset + Σ weights·x)`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticRegression {
    /// The constant.
    pub offset: f64,
    /// One weight a feature.
    pub weights: Vec<f64>,
}

/// Sums over the samples that Newton's method needs: gradient and the lower half of the Hessian, the
/// offset last.
struct Sums {
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

impl LogisticRegression {
    /// The least `Σ log loss + l2/2·Σ weights²`; the offset is not penalised. (scikit-learn's
    /// `LogisticRegression(C=1/l2)`.) Newton's method with halved steps; `l2` must be above 0.
    ///
    /// `features` are rows of equal length, one a sample. Where all samples are of one class, the offset
    /// alone says so, as one sample of each class more would.
    pub fn fit(features: &[Vec<f64>], truth: &[bool], l2: f64) -> Self {
        let count = features.first().map_or(0, Vec::len);
        let positives = truth.iter().filter(|positive| **positive).count() as f64;
        let negatives = truth.len() as f64 - positives;
        let mut fitted = Self {
            offset: ((positives + 1.0) / (negatives + 1.0)).ln(),
            weights: vec![0.0; count],
        };
        if positives == 0.0 || negatives == 0.0 {
            return fitted;
        }
        let mut loss = fitted.loss(features, truth, l2);
        for _ in 0..50 {
            let Some(step) = fitted.step(features, truth, l2) else {
                break;
            };
            let mut size = 1.0;
            let (next, next_loss) = loop {
                let next = fitted.less(&step, size);
                let next_loss = next.loss(features, truth, l2);
                if next_loss <= loss || size < 1e-9 {
                    break (next, next_loss);
                }
                size /= 2.0;
            };
            let gain = loss - next_loss;
            if gain < 0.0 {
                break;
            }
            (fitted, loss) = (next, next_loss);
            if gain <= 1e-13 * loss {
                break;
            }
        }
        fitted
    }

    /// The probability of one sample.
    pub fn predict(&self, features: &[f64]) -> f64 {
        1.0 / (1.0 + (-self.logit(features)).exp())
    }

    fn logit(&self, features: &[f64]) -> f64 {
        let sum: f64 = self.weights.iter().zip(features).map(|(w, x)| w * x).sum();
        self.offset + sum
    }

    fn loss(&self, features: &[Vec<f64>], truth: &[bool], l2: f64) -> f64 {
        let of = |(row, positive): (&Vec<f64>, &bool)| {
            let z = self.logit(row);
            z.max(0.0) + (-z.abs()).exp().ln_1p() - if *positive { z } else { 0.0 }
        };
        let fit: f64 = features.iter().zip(truth).map(of).sum();
        fit + l2 / 2.0 * self.weights.iter().map(|w| w * w).sum::<f64>()
    }

    fn less(&self, step: &[f64], size: f64) -> Self {
        let offset_step = step.last().copied().unwrap_or_default();
        Self {
            offset: self.offset - size * offset_step,
            weights: self
                .weights
                .iter()
                .zip(step)
                .map(|(weight, step)| weight - size * step)
                .collect(),
        }
    }

    /// Newton's step; `None` where the Hessian cannot be inverted.
    fn step(&self, features: &[Vec<f64>], truth: &[bool], l2: f64) -> Option<Vec<f64>> {
        let count = self.weights.len();
        let size = count + 1;
        let mut sums = Sums {
            gradient: vec![0.0; size],
            hessian: vec![0.0; size * size],
        };
        let mut sample = vec![1.0; size];
        for (row, positive) in features.iter().zip(truth) {
            sample[..count].copy_from_slice(row);
            let p = self.predict(row);
            let error = p - f64::from(u8::from(*positive));
            let curvature = p * (1.0 - p);
            for (i, x) in sample.iter().enumerate() {
                sums.gradient[i] += error * x;
                let scaled = curvature * x;
                for (sum, y) in sums.hessian[i * size..].iter_mut().zip(&sample[..=i]) {
                    *sum += scaled * y;
                }
            }
        }
        for (i, weight) in self.weights.iter().enumerate() {
            sums.gradient[i] += l2 * weight;
            sums.hessian[i * size + i] += l2;
        }
        solve(sums.hessian, sums.gradient)
    }
}

/// Solves `A·x = b` for a symmetric positive definite `A`, given by its lower half, by Cholesky's method.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let size = b.len();
    for i in 0..size {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| a[i * size + k] * a[j * size + k]).sum();
            let rest = a[i * size + j] - dot;
            if i == j {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                a[i * size + i] = rest.sqrt();
            } else {
                a[i * size + j] = rest / a[j * size + j];
            }
        }
    }
    for i in 0..size {
        let dot: f64 = (0..i).map(|k| a[i * size + k] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i * size + i];
    }
    for i in (0..size).rev() {
        let dot: f64 = (i + 1..size).map(|k| a[k * size + i] * b[k]).sum();
        b[i] = (b[i] - dot) / a[i * size + i];
    }
    b.iter().all(|x| x.is_finite()).then_some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved() {
        // 4x + 2y = 10, 2x + 5y = 13.
        let x = solve(vec![4.0, 0.0, 2.0, 5.0], vec![10.0, 13.0]).unwrap();
        assert!((x[0] - 1.5).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12);
        assert_eq!(solve(vec![1.0, 0.0, 2.0, 1.0], vec![1.0, 1.0]), None);
    }

    #[test]
    fn one_class_is_no_certainty() {
        let fitted = LogisticRegression::fit(&[vec![1.0], vec![2.0]], &[false, false], 1.0);
        assert!((fitted.predict(&[5.0]) - 0.25).abs() < 1e-12);
    }
}
