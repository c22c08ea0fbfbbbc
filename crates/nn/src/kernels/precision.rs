//! Rounding to fewer bits.

use rayon::prelude::*;

use crate::kernels::vectorised;

/// Values of a piece.
const PIECE: usize = 16 * 1024;

/// Rounds every value to the nearest that bfloat16 has (8 bits of significand, ties to even); what is no number
/// stays so.
pub(crate) fn round_to_bf16(values: &mut [f32]) {
    values.par_chunks_mut(PIECE).for_each(|values| {
        vectorised!({
            for value in values.iter_mut() {
                *value = rounded(*value);
            }
        });
    });
}

#[inline(always)]
fn rounded(value: f32) -> f32 {
    let bits = value.to_bits();
    let even = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) & 0xffff_0000;
    // The payload of what is no number could be rounded away.
    f32::from_bits(if value.is_nan() { bits } else { even })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_bfloat16() {
        // 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷: the even one is 1; above it, the other.
        let step = 2.0f32.powi(-7);
        let mut values = vec![
            1.0 + step / 2.0,
            1.0 + 1.5 * step,
            1.0 + 0.51 * step,
            -3.0,
            0.0,
            f32::INFINITY,
            3.4e38,
        ];
        round_to_bf16(&mut values);
        assert_eq!(
            values,
            [
                1.0,
                1.0 + 2.0 * step,
                1.0 + step,
                -3.0,
                0.0,
                f32::INFINITY,
                f32::INFINITY
            ]
        );
        let mut nan = vec![f32::from_bits(0x7f80_0001)];
        round_to_bf16(&mut nan);
        assert!(nan[0].is_nan());
    }
}
