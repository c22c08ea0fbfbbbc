//! The regularised incomplete beta function and its inverse.
//!
//! The factor in front of the continued fraction is a binomial probability in Loader's form (2000, "Fast and
//! accurate computation of binomial probabilities"): differences of logarithms of gamma functions lose digits
//! where counts are in the hundreds of thousands.

use std::f64::consts::PI;

/// `ln Γ(n + 1)` less Stirling's formula for it.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let stirling = (n + 0.5) * n.ln() - n + 0.5 * (2.0 * PI).ln();
        return libm::lgamma(n + 1.0) - stirling;
    }
    let square = n * n;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / n
}

/// `x ln(x/m) + m − x`, to full precision where both are close.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    let v = (x - m) / (x + m);
    let mut sum = (x - m) * v;
    let mut term = 2.0 * x * v;
    for j in 1..1000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `xᵃ(1 − x)ᵇ / B(a, b)`.
fn power_term(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    let n = a + b;
    let exponent = stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, n * x)
        - deviance(b, n * rest);
    (a * b / (2.0 * PI * n)).sqrt() * exponent.exp()
}

/// The continued fraction of `I_x(a, b)` by Lentz's method; terms grow with the square root of a and b.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut result = d;
    for m in 1..1_000_000_u32 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        result *= d * c;
        if (d * c - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    result
}

/// `I_x(a, b)` for positive `a` and `b` and `x` from 0 to 1.
pub(crate) fn regularised(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let term = power_term(a, b, x, 1.0 - x);
    if x < (a + 1.0) / (a + b + 2.0) {
        term * fraction(a, b, x) / a
    } else {
        1.0 - term * fraction(b, a, 1.0 - x) / b
    }
}

/// The `x` at which `I_x(a, b) = p`, by Newton's method kept inside a shrinking bracket.
pub(crate) fn inverse(a: f64, b: f64, p: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..500 {
        let error = regularised(a, b, x) - p;
        if error > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = power_term(a, b, x, 1.0 - x) / (x * (1.0 - x));
        let newton = x - error / density;
        let next = if newton > low && newton < high {
            newton
        } else {
            (low + high) / 2.0
        };
        let moved = (next - x).abs();
        x = next;
        if moved <= 2.0 * f64::EPSILON * x || high - low <= f64::EPSILON * low {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// scipy's `betainc`: `tests/reference/statistics.py`.
    #[test]
    fn the_incomplete_beta_function_is_scipys() {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/it/fixtures/statistics.json")).unwrap();
        for row in fixture["incomplete_beta"].as_array().unwrap() {
            let [a, b, x, expected] = std::array::from_fn(|i| row[i].as_f64().unwrap());
            let found = regularised(a, b, x);
            assert!(
                (found - expected).abs() <= 1e-12 * expected,
                "{a} {b} {x}: {found} {expected}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_inverse_inverts(a in 1_u32..5000, b in 1_u32..5000, p in 0.0005_f64..0.9995) {
            let (a, b) = (f64::from(a), f64::from(b));
            prop_assert!((regularised(a, b, inverse(a, b, p)) - p).abs() < 1e-11);
        }

        #[test]
        fn sides_change_roles(a in 0.5_f64..900.0, b in 0.5_f64..900.0, x in 0.0_f64..=1.0) {
            prop_assert!((regularised(a, b, x) + regularised(b, a, 1.0 - x) - 1.0).abs() < 1e-12);
        }
    }
}
