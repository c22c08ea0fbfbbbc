//! Half precision in memory.

use crate::kernels::vectorised;

/// Little-endian float16 as float32, exactly; what is no number stays so.
///
/// # Panics
///
/// If there are not two bytes for every value.
pub(crate) fn widen(bytes: &[u8], values: &mut [f32]) {
    let (halves, rest) = bytes.as_chunks::<2>();
    assert!(
        rest.is_empty() && halves.len() == values.len(),
        "two bytes make a value"
    );
    vectorised!({
        for (value, bytes) in values.iter_mut().zip(halves) {
            *value = widened(u16::from_le_bytes(*bytes));
        }
    });
}

/// The significand and the exponent move to their places in float32, whose exponents are 112 larger: a product by 2^112
/// makes up for it, of numbers below the normal ones too. The largest exponent means no finite number in both.
#[inline(always)]
fn widened(half: u16) -> f32 {
    const UP: f32 = f32::from_bits((112 + 127) << 23);
    let bits = u32::from(half);
    let finite = f32::from_bits((bits & 0x7fff) << 13) * UP;
    let largest = if bits & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
    f32::from_bits(finite.to_bits() | largest | (bits & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::f16;

    #[test]
    fn every_half_is_what_it_is() {
        let halves: Vec<u16> = (0..=u16::MAX).collect();
        let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
        let mut values = vec![0.0; halves.len()];
        widen(&bytes, &mut values);
        for (half, value) in halves.into_iter().zip(values) {
            let expected = f16::from_bits(half).to_f32();
            assert!(
                value.to_bits() == expected.to_bits() || (value.is_nan() && expected.is_nan()),
                "{half:04x}: {value} {expected}"
            );
        }
    }
}
