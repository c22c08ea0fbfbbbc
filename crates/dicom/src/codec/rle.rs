//! RLE Lossless (PS3.5 annex G): one run-length coded segment for each byte of a value, highest first.

use super::{Size, damaged};
use crate::error::Result;

/// Bytes of the header: the number of segments and fifteen offsets.
const HEADER: usize = 64;

pub(crate) fn decode(frame: &[u8], size: Size) -> Result<Vec<u16>> {
    let number = |index: usize| -> Option<usize> {
        let four = frame.get(4 * index..4 * index + 4)?;
        Some(u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize)
    };
    if frame.len() < HEADER {
        return Err(damaged("RLE", format!("{} bytes hold no header", frame.len())));
    }
    let segments = number(0).unwrap_or(0);
    if segments != size.bytes {
        return Err(damaged(
            "RLE",
            format!(
                "it has {segments} segments, values of {} bits need {}",
                8 * size.bytes,
                size.bytes
            ),
        ));
    }
    let mut words = vec![0_u16; size.pixels()];
    for segment in 0..segments {
        let begin = number(1 + segment).unwrap_or(0);
        let end = match segment + 1 < segments {
            true => number(2 + segment).unwrap_or(0),
            false => frame.len(),
        };
        let coded = frame.get(begin..end).filter(|_| begin >= HEADER).ok_or_else(|| {
            damaged(
                "RLE",
                format!("segment {segment} is said to lie at {begin} to {end}"),
            )
        })?;
        let shift = 8 * (segments - 1 - segment);
        let filled = unpack(coded, &mut words, shift);
        if filled < size.pixels() {
            return Err(damaged(
                "RLE",
                format!("segment {segment} holds {filled} of {} values", size.pixels()),
            ));
        }
    }
    Ok(words)
}

/// Unpacks a segment into one byte of each word; gives how many it holds, at most all.
fn unpack(coded: &[u8], words: &mut [u16], shift: usize) -> usize {
    let mut at = 0;
    let mut filled = 0;
    while let Some(&control) = coded.get(at) {
        at += 1;
        let control = usize::from(control);
        // 128 means nothing; below it, so many bytes follow; above it, one byte is repeated.
        let (run, step) = match control {
            0..128 => (control + 1, 1),
            128 => continue,
            _ => (257 - control, 0),
        };
        for index in 0..run {
            let Some(&byte) = coded.get(at + index * step) else {
                return filled;
            };
            let Some(word) = words.get_mut(filled) else {
                return filled;
            };
            *word |= u16::from(byte) << shift;
            filled += 1;
        }
        at += if step == 1 { run } else { 1 };
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(segments: &[&[u8]]) -> Vec<u8> {
        let mut bytes = (segments.len() as u32).to_le_bytes().to_vec();
        let mut at = HEADER;
        for segment in segments {
            bytes.extend((at as u32).to_le_bytes());
            at += segment.len();
        }
        bytes.resize(HEADER, 0);
        bytes.extend(segments.concat());
        bytes
    }

    const SIZE: Size = Size {
        rows: 1,
        columns: 4,
        bytes: 2,
    };

    #[test]
    fn runs_and_literals_of_both_bytes_make_words() {
        let bytes = frame(&[&[253, 1, 128], &[3, 10, 20, 30, 40]]);
        assert_eq!(decode(&bytes, SIZE).unwrap(), [266, 276, 286, 296]);
    }

    #[test]
    fn what_is_missing_is_said() {
        let error = decode(&frame(&[&[253, 1], &[1, 10, 20]]), SIZE).unwrap_err();
        assert_eq!(
            error.to_string(),
            "its RLE pixel data is damaged: segment 1 holds 2 of 4 values"
        );
        let mut bytes = frame(&[&[253, 1], &[253, 1]]);
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decode(&bytes, SIZE).is_err());
        assert!(decode(&bytes[..10], SIZE).is_err());
    }
}
