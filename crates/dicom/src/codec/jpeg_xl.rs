//! JPEG XL by `jxl-oxide`.

use jxl_oxide::{AllocTracker, JxlImage, JxlThreadPool};

use super::{Size, damaged};
use crate::error::Result;

/// Memory the decoder may take: some thirty times a slice of 2048 × 2048.
const MAX_BYTES: usize = 512 << 20;

pub(crate) fn decode(frame: &[u8], size: Size) -> Result<Vec<u16>> {
    let wrong = |error: Box<dyn std::error::Error + Send + Sync>| damaged("JPEG XL", error);
    let image = JxlImage::builder()
        // Slices are read in parallel already.
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(MAX_BYTES))
        .read(frame)
        .map_err(wrong)?;
    let bits = image.image_header().metadata.bit_depth.bits_per_sample() as usize;
    size.compare(
        image.height() as usize,
        image.width() as usize,
        image.pixel_format().channels(),
        bits,
    )?;
    let rendered = image.render_frame(0).map_err(wrong)?;
    let samples = rendered.image_all_channels();
    if samples.buf().len() != size.pixels() {
        return Err(damaged(
            "JPEG XL",
            format!("it holds {} of {} values", samples.buf().len(), size.pixels()),
        ));
    }
    // Samples come as shares of the largest value.
    let highest = ((1_u32 << bits) - 1) as f32;
    Ok(samples
        .buf()
        .iter()
        .map(|share| (share * highest).round().clamp(0.0, highest) as u16)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        rows: 6,
        columns: 8,
        bytes: 2,
    };

    /// Images by libjxl, lossless: `(517 × column + 1031 × row) mod 2^bits`.
    const TWELVE: &str = "ff0a283018142d020804010014014b386898c283f7151424c556a10a37e660edf01901010101010141030404\
                          040404df6f0d1010107cbf3540d000c1f75b03040404c77f0d1010101010344040404040f0fd06";
    const SIXTEEN: &str = "0000000c4a584c200d0a870a00000014667479706a786c20000000006a786c20000000096a786c6c0a000000\
                           586a786c63ff0a2830fc00458b0804010008014b188b150a256a0a25385340010514504001056c24a0de0962\
                           c78e7d3f02e2951c0123e09312558e4900010410f035480a561901041070066272172580000208880f";

    fn bytes(text: &str) -> Vec<u8> {
        let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
        digits
            .chunks(2)
            .map(|pair| (pair[0] * 16 + pair[1]) as u8)
            .collect()
    }

    #[test]
    fn lossless_images_come_out_as_they_went_in() {
        for (text, bits) in [(TWELVE, 12), (SIXTEEN, 16)] {
            let expected: Vec<u16> = (0..48)
                .map(|at| ((517 * (at % 8) + 1031 * (at / 8)) % (1 << bits)) as u16)
                .collect();
            assert_eq!(decode(&bytes(text), SIZE).unwrap(), expected, "{bits} bits");
        }
    }

    #[test]
    fn damage_is_an_error() {
        let whole = bytes(TWELVE);
        assert!(decode(&whole[..20], SIZE).is_err());
        assert!(decode(&[], SIZE).is_err());
        let other = Size { rows: 7, ..SIZE };
        let message = decode(&whole, other).unwrap_err().to_string();
        assert!(
            message.contains("6 × 8 pixels, its header says 7 × 8"),
            "{message}"
        );
    }
}
