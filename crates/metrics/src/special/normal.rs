//! The standard normal distribution.

use std::f64::consts::{PI, SQRT_2};

/// `Φ(z)`.
pub(crate) fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// Probability of a value at least as far from 0, on either side.
pub(crate) fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / SQRT_2)
}

/// `Φ⁻¹(p)`; infinite at 0 and 1, NaN outside.
///
/// Abramowitz and Stegun 26.2.23 to three digits, then Halley's steps.
pub(crate) fn quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -quantile(1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    let t = (-2.0 * p.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = above / below - t;
    for _ in 0..3 {
        let step = (cdf(z) - p) * (2.0 * PI).sqrt() * (z * z / 2.0).exp();
        z -= step / (1.0 + z * step / 2.0);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy's `norm.ppf`: `tests/reference/statistics.py`.
    #[test]
    fn quantiles_are_scipys() {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/it/fixtures/statistics.json")).unwrap();
        for pair in fixture["normal_quantile"].as_array().unwrap() {
            let (p, expected) = (pair[0].as_f64().unwrap(), pair[1].as_f64().unwrap());
            let found = quantile(p);
            assert!(
                (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                "{p}: {found} {expected}"
            );
            assert!((cdf(found) - p).abs() <= 1e-12 * p);
        }
    }

    #[test]
    fn ends_and_beyond() {
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(quantile(1.0), f64::INFINITY);
        assert!(quantile(-0.1).is_nan() && quantile(1.1).is_nan() && quantile(f64::NAN).is_nan());
        assert_eq!(two_sided(0.0), 1.0);
    }
}
