//! HU inside a page.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;

/// HU as a page holds them: the low bytes of all values, then the high bytes, compressed as zlib's format (which
/// browsers call `deflate`), in base64. Bytes side by side with their like compress better: by a fifth on a real head CT
/// of 512 × 512 pixels, 171 KB a slice instead of 215.
///
/// # Errors
/// None that is known: writing into memory does not fail.
pub fn packed(hu: &[i16]) -> std::io::Result<String> {
    let halves: Vec<[u8; 2]> = hu.iter().map(|value| value.to_le_bytes()).collect();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for half in 0..2 {
        let bytes: Vec<u8> = halves.iter().map(|halves| halves[half]).collect();
        encoder.write_all(&bytes)?;
    }
    Ok(STANDARD.encode(encoder.finish()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use proptest::prelude::*;
    use std::io::Read;

    /// As the module does it.
    fn unpacked(text: &str) -> Vec<i16> {
        let mut bytes = Vec::new();
        ZlibDecoder::new(&STANDARD.decode(text).unwrap()[..])
            .read_to_end(&mut bytes)
            .unwrap();
        let (low, high) = bytes.split_at(bytes.len() / 2);
        low.iter()
            .zip(high)
            .map(|(low, high)| i16::from_le_bytes([*low, *high]))
            .collect()
    }

    proptest! {
        #[test]
        fn every_value_comes_back(hu: Vec<i16>) {
            prop_assert_eq!(unpacked(&packed(&hu).unwrap()), hu);
        }
    }

    #[test]
    fn air_takes_next_to_nothing() {
        assert!(packed(&vec![-1000; 512 * 512]).unwrap().len() < 2000);
    }
}
