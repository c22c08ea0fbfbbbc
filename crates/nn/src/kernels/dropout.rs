//! Dropout without a mask in memory: whether a value stays is a hash of its place.

use rayon::prelude::*;

use crate::kernels::vectorised;

/// Values of a piece.
const PIECE: usize = 16 * 1024;

/// A dropout's draw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropout {
    /// What places are hashed with.
    pub(crate) seed: [u32; 2],
    /// Share of the values that become 0; the others grow so that the sum is expected to stay.
    pub(crate) share: f64,
}

impl Dropout {
    /// Values after it; or, of the gradient of its output, that of its input.
    pub(crate) fn apply(self, input: &[f32], output: &mut [f32]) {
        let [first, second] = self.seed;
        let bound = (self.share * f64::from(u32::MAX)).round() as u32;
        let scale = (1.0 / (1.0 - self.share)) as f32;
        output
            .par_chunks_mut(PIECE)
            .zip(input.par_chunks(PIECE))
            .enumerate()
            .for_each(|(piece, (output, input))| {
                // Places are told apart up to 2^32, as many as a tensor here ever has.
                let from = (piece * PIECE) as u32;
                vectorised!({
                    for (index, (output, input)) in output.iter_mut().zip(input).enumerate() {
                        let place = from.wrapping_add(index as u32);
                        let drawn = mix(mix(place ^ first).wrapping_add(second));
                        *output = if drawn < bound { 0.0 } else { input * scale };
                    }
                });
            });
    }
}

/// Mixes all bits (Wellons' `lowbias32`).
#[inline(always)]
fn mix(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_dropped_and_the_sum_stays() {
        let ones = vec![1.0f32; 200_000];
        let draw = |seed| {
            let mut output = vec![0.0; ones.len()];
            Dropout { seed, share: 0.25 }.apply(&ones, &mut output);
            output
        };
        let output = draw([1, 2]);
        let dropped = output.iter().filter(|value| **value == 0.0).count() as f64 / 200_000.0;
        // Four standard deviations of a fair draw.
        assert!((dropped - 0.25).abs() < 0.004, "{dropped}");
        assert!(output.iter().all(|value| *value == 0.0 || *value == 4.0 / 3.0));
        assert_eq!(output, draw([1, 2]));
        let both = |other: &[f32]| {
            let same = output.iter().zip(other).filter(|(a, b)| **a == 0.0 && **b == 0.0);
            same.count() as f64 / 200_000.0
        };
        // Other seeds, and neighbouring places, have nothing to do with one another.
        assert!((both(&draw([1, 3])) - 0.0625).abs() < 0.003);
        assert!((both(&draw([2, 2])) - 0.0625).abs() < 0.003);
        assert!((both(&output[1..]) - 0.0625).abs() < 0.003);
    }
}
