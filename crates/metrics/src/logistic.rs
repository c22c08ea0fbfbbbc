//! Logistic regression on few columns, for recalibration.

use crate::{MetricsError, checks};

/// A fitted regression of `K` columns.
pub(crate) struct Logistic<const K: usize> {
    /// One coefficient a column.
    pub(crate) coefficients: [f64; K],
    /// Their covariance over clusters.
    pub(crate) covariance: [[f64; K]; K],
}

pub(crate) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Maximum likelihood by Newton's method of `logit P(truth) = offset + x·β`, with a covariance that holds for
/// clustered cases (Liang and Zeger 1986): `H⁻¹ (Σ_g s_g s_gᵀ) H⁻¹ · G/(G − 1)·(N − 1)/(N − K)`, `s_g` being the
/// score of cluster g, as statsmodels gives it. `what` names the estimate in errors.
pub(crate) fn fit<const K: usize>(
    rows: &[[f64; K]],
    offset: &[f64],
    truth: &[bool],
    cluster_of: &[usize],
    what: &'static str,
) -> Result<Logistic<K>, MetricsError> {
    let coefficients = coefficients(rows, offset, truth, what)?;
    let covariance =
        robust(rows, offset, truth, cluster_of, &coefficients).ok_or(MetricsError::Separated { what })?;
    Ok(Logistic {
        coefficients,
        covariance,
    })
}

/// The coefficients alone.
pub(crate) fn coefficients<const K: usize>(
    rows: &[[f64; K]],
    offset: &[f64],
    truth: &[bool],
    what: &'static str,
) -> Result<[f64; K], MetricsError> {
    const STEPS: usize = 60;
    checks::classes(truth, 1)?;
    checks::at_least("cases", K + 1, truth.len())?;
    let mut coefficients = [0.0; K];
    let mut at = At::of(rows, offset, truth, &coefficients);
    for step in 0..STEPS {
        let Some(inverse) = inverse(&at.information) else {
            // Columns that depend on one another do so at the start; weights vanish later, when the
            // coefficients run away.
            return Err(match step {
                0 => MetricsError::NoSpread { what },
                _ => MetricsError::Separated { what },
            });
        };
        let mut delta = times(&inverse, &at.gradient);
        let mut next: [f64; K] = std::array::from_fn(|k| coefficients[k] + delta[k]);
        let mut reached = At::of(rows, offset, truth, &next);
        // Newton's step may go too far; half of it, and so on, does not.
        for _ in 0..40 {
            if reached.likelihood >= at.likelihood - 1e-10 * at.likelihood.abs() {
                break;
            }
            delta = delta.map(|step| step / 2.0);
            next = std::array::from_fn(|k| coefficients[k] + delta[k]);
            reached = At::of(rows, offset, truth, &next);
        }
        (coefficients, at) = (next, reached);
        let settled = (0..K).all(|k| delta[k].abs() <= 1e-9 * (1.0 + coefficients[k].abs()));
        if settled {
            let regular = self::inverse(&at.information).is_some();
            return match regular {
                true => Ok(coefficients),
                false => Err(MetricsError::Separated { what }),
            };
        }
    }
    Err(MetricsError::Separated { what })
}

fn logit_of<const K: usize>(row: &[f64; K], offset: f64, coefficients: &[f64; K]) -> f64 {
    offset
        + row
            .iter()
            .zip(coefficients)
            .map(|(x, beta)| x * beta)
            .sum::<f64>()
}

/// The likelihood with its derivatives, in one pass.
struct At<const K: usize> {
    /// Logarithm of the likelihood.
    likelihood: f64,
    /// The score.
    gradient: [f64; K],
    /// Its expected variance.
    information: [[f64; K]; K],
}

impl<const K: usize> At<K> {
    fn of(rows: &[[f64; K]], offset: &[f64], truth: &[bool], coefficients: &[f64; K]) -> Self {
        let (mut likelihood, mut gradient, mut information) = (0.0, [0.0; K], [[0.0; K]; K]);
        for ((row, offset), truth) in rows.iter().zip(offset).zip(truth) {
            let logit = logit_of(row, *offset, coefficients);
            // −ln(1 + eˣ) without overflow; the same exponential gives the probability.
            let small = (-logit.abs()).exp();
            let signed = if *truth { -logit } else { logit };
            likelihood -= signed.max(0.0) + small.ln_1p();
            let of_sign = 1.0 / (1.0 + small);
            let probability = if logit >= 0.0 { of_sign } else { small * of_sign };
            let residual = f64::from(u8::from(*truth)) - probability;
            let weight = probability * (1.0 - probability);
            for i in 0..K {
                gradient[i] += row[i] * residual;
                let weighted = weight * row[i];
                for j in 0..=i {
                    information[i][j] += weighted * row[j];
                }
            }
        }
        let lower = information;
        for (i, row) in information.iter_mut().enumerate() {
            for (j, value) in row.iter_mut().enumerate().skip(i + 1) {
                *value = lower[j][i];
            }
        }
        Self {
            likelihood,
            gradient,
            information,
        }
    }
}

/// The covariance over clusters.
fn robust<const K: usize>(
    rows: &[[f64; K]],
    offset: &[f64],
    truth: &[bool],
    cluster_of: &[usize],
    coefficients: &[f64; K],
) -> Option<[[f64; K]; K]> {
    let (cluster, clusters) = checks::compact(cluster_of);
    let mut scores = vec![[0.0; K]; clusters];
    for (case, row) in rows.iter().enumerate() {
        let probability = sigmoid(logit_of(row, offset[case], coefficients));
        let residual = f64::from(u8::from(truth[case])) - probability;
        for k in 0..K {
            scores[cluster[case]][k] += row[k] * residual;
        }
    }
    let At { information, .. } = At::of(rows, offset, truth, coefficients);
    let inverse = inverse(&information)?;
    let (cases, clusters) = (rows.len() as f64, clusters as f64);
    let correction = clusters / (clusters - 1.0) * (cases - 1.0) / (cases - K as f64);
    let mut covariance = [[0.0; K]; K];
    for score in &scores {
        let moved = times(&inverse, score);
        for i in 0..K {
            for j in 0..K {
                covariance[i][j] += correction * moved[i] * moved[j];
            }
        }
    }
    Some(covariance)
}

fn times<const K: usize>(matrix: &[[f64; K]; K], vector: &[f64; K]) -> [f64; K] {
    std::array::from_fn(|i| (0..K).map(|j| matrix[i][j] * vector[j]).sum())
}

/// Inverse of a symmetric positive definite matrix by Gauss and Jordan; `None` where it is singular.
pub(crate) fn inverse<const K: usize>(matrix: &[[f64; K]; K]) -> Option<[[f64; K]; K]> {
    let mut left = *matrix;
    let mut right: [[f64; K]; K] =
        std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))));
    for pivot in 0..K {
        let value = left[pivot][pivot];
        // What is left of the diagonal once the other columns are taken out.
        if value.is_nan() || value <= 1e-12 * matrix[pivot][pivot] || value < f64::MIN_POSITIVE {
            return None;
        }
        left[pivot] = left[pivot].map(|x| x / value);
        right[pivot] = right[pivot].map(|x| x / value);
        for row in (0..K).filter(|row| *row != pivot) {
            let factor = left[row][pivot];
            for k in 0..K {
                left[row][k] -= factor * left[pivot][k];
                right[row][k] -= factor * right[pivot][k];
            }
        }
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverses_and_singular_matrices() {
        let inverse = inverse(&[[4.0, 2.0], [2.0, 3.0]]).unwrap();
        let expected = [[0.375, -0.25], [-0.25, 0.5]];
        assert!((0..2).all(|i| (0..2).all(|j| (inverse[i][j] - expected[i][j]).abs() < 1e-15)));
        assert_eq!(super::inverse(&[[1.0, 2.0], [2.0, 4.0]]), None);
        assert_eq!(super::inverse(&[[f64::NAN]]), None);
    }

    #[test]
    fn separated_classes_and_equal_columns_have_no_answer() {
        let truth = [false, false, true, true];
        let clusters = [0, 1, 2, 3];
        let of = |x: [f64; 4]| fit(&x.map(|x| [1.0, x]), &[0.0; 4], &truth, &clusters, "the slope").err();
        let what = "the slope";
        assert_eq!(of([-2.0, -1.0, 1.0, 2.0]), Some(MetricsError::Separated { what }));
        assert_eq!(of([-2.0, 1.0, 1.0, 2.0]), Some(MetricsError::Separated { what }));
        assert_eq!(of([0.7; 4]), Some(MetricsError::NoSpread { what }));
        assert_eq!(of([1.0, 2.0, 1.0, 2.0]), None);
    }
}
