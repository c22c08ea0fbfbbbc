//! Randomness in space: smooth fields for tissue and grain for the scanner.

use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

/// Edge length of the lattice, which repeats; a power of two, so that negative cells wrap too.
const SIDE: usize = 16;
/// Number of tabulated normal values.
const NORMALS: usize = 4096;

/// A smooth random field over space with values in −1 to 1.
pub(super) struct SmoothField(Vec<f32>);

impl SmoothField {
    /// A field of its own for every state of `rng`.
    pub(super) fn new(rng: &mut ChaCha8Rng) -> Self {
        Self(
            (0..SIDE * SIDE * SIDE)
                .map(|_| rng.random_range(-1.0..1.0))
                .collect(),
        )
    }

    /// The value at a point in lattice units.
    pub(super) fn at(&self, [x, y, z]: [f32; 3]) -> f32 {
        let split = |v: f32| {
            // `floor` is a call into the C library on plain x86-64; this is not.
            let cell = v as i32 - i32::from(v < 0.0);
            let t = v - cell as f32;
            (cell as usize % SIDE, t * t * (3.0 - 2.0 * t))
        };
        let ((i, u), (j, v), (k, w)) = (split(x), split(y), split(z));
        let (i1, j1, k1) = ((i + 1) % SIDE, (j + 1) % SIDE, (k + 1) % SIDE);
        let value = |i: usize, j: usize, k: usize| self.0[(k * SIDE + j) * SIDE + i];
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let low = mix(
            mix(value(i, j, k), value(i1, j, k), u),
            mix(value(i, j1, k), value(i1, j1, k), u),
            v,
        );
        let high = mix(
            mix(value(i, j, k1), value(i1, j, k1), u),
            mix(value(i, j1, k1), value(i1, j1, k1), u),
            v,
        );
        mix(low, high, w)
    }
}

/// Grain of a reconstructed image: normal values that resemble their neighbours.
pub(super) struct Grain {
    table: Vec<f32>,
}

impl Grain {
    /// Tabulates the normal distribution.
    pub(super) fn new() -> Self {
        // Sums of twelve evenly spread numbers would need as many random ones; a table of quantiles, made
        // by bisection of the cumulative distribution, needs one.
        let table = (0..NORMALS)
            .map(|i| normal_quantile((i as f64 + 0.5) / NORMALS as f64) as f32)
            .collect();
        Self { table }
    }

    /// A field of `size × size` values of standard deviation `deviation`.
    pub(super) fn field(&self, rng: &mut ChaCha8Rng, size: usize, deviation: f32) -> Vec<f32> {
        let mut white = Vec::with_capacity(size * size + 5);
        while white.len() < size * size {
            let bits = rng.next_u64();
            for part in 0..5 {
                white.push(self.table[(bits >> (12 * part)) as usize % NORMALS]);
            }
        }
        // Own value, left and upper neighbour: variance 0.6² + 0.4² + 0.4².
        let scale = deviation / (0.36_f32 + 0.16 + 0.16).sqrt();
        (0..size * size)
            .map(|i| {
                let left = white[if i % size == 0 { i } else { i - 1 }];
                let up = white[if i < size { i } else { i - size }];
                scale * (0.6 * white[i] + 0.4 * left + 0.4 * up)
            })
            .collect()
    }
}

/// The value below which a standard normal variable lies with probability `p`.
fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-6.0, 6.0);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if cumulative(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Cumulative normal distribution by its series around 0, exact enough for |x| ≤ 6.
fn cumulative(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > 1e-12 {
        n += 2.0;
        term *= x * x / n;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn grain_has_the_deviation_asked_for() {
        let field = Grain::new().field(&mut ChaCha8Rng::seed_from_u64(1), 128, 5.0);
        let mean = field.iter().sum::<f32>() / field.len() as f32;
        let variance = field.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / field.len() as f32;
        assert!(mean.abs() < 0.2, "{mean}");
        assert!((variance.sqrt() - 5.0).abs() < 0.2, "{variance}");
    }

    #[test]
    fn smooth_fields_are_smooth() {
        let field = SmoothField::new(&mut ChaCha8Rng::seed_from_u64(1));
        for i in 0..200 {
            let x = i as f32 * 0.17 - 9.0;
            let step = field.at([x, 0.3, -4.2]) - field.at([x + 0.01, 0.3, -4.2]);
            assert!(step.abs() < 0.05);
        }
    }
}
