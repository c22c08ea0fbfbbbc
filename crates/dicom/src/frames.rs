//! Which fragments make up which frame of encapsulated pixel data (PS3.5 annex A.4).

use std::borrow::Cow;
use std::ops::Range;

use crate::codec::Codec;
use crate::error::{DicomError, Result};

/// The bytes of one frame. `items` are the offsets of the basic offset table and the fragments, `begins` the
/// first fragments of the frames.
pub(crate) fn frame<'a>(
    bytes: &'a [u8],
    items: &[Range<usize>],
    begins: &[usize],
    frame: usize,
) -> Result<Cow<'a, [u8]>> {
    let fragments = items.get(1..).unwrap_or_default();
    let begin = begins.get(frame).copied().unwrap_or(fragments.len());
    let end = begins.get(frame + 1).copied().unwrap_or(fragments.len());
    match &fragments[begin.min(end)..end] {
        [] => Err(DicomError::pixels(format!(
            "its pixel data has no fragments of frame {frame}"
        ))),
        [one] => Ok(Cow::Borrowed(&bytes[one.clone()])),
        several => Ok(Cow::Owned(
            several
                .iter()
                .flat_map(|at| &bytes[at.clone()])
                .copied()
                .collect(),
        )),
    }
}

/// The first fragment of each frame: from the offset table, or one fragment a frame, or by what frames
/// start with.
pub(crate) fn begins(
    bytes: &[u8],
    items: &[Range<usize>],
    codec: Codec,
    frames: usize,
) -> Result<Vec<usize>> {
    let Some((table, fragments)) = items.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return Err(DicomError::pixels("its pixel data has no fragments"));
    };
    if frames == 1 {
        return Ok(vec![0]);
    }
    if let Some(begins) = by_table(&bytes[table.clone()], fragments, frames) {
        return Ok(begins);
    }
    if fragments.len() == frames {
        return Ok((0..frames).collect());
    }
    let starts = |at: &Range<usize>| {
        let fragment = &bytes[at.clone()];
        codec
            .signatures()
            .iter()
            .any(|signature| fragment.starts_with(signature))
    };
    let begins: Vec<usize> = (0..fragments.len())
        .filter(|index| starts(&fragments[*index]))
        .collect();
    if begins.len() == frames && begins[0] == 0 {
        return Ok(begins);
    }
    Err(DicomError::pixels(format!(
        "it announces {frames} frames, but its {} fragments cannot be told apart: there is no usable offset \
         table",
        fragments.len()
    )))
}

fn by_table(table: &[u8], fragments: &[Range<usize>], frames: usize) -> Option<Vec<usize>> {
    if table.len() / 4 != frames {
        return None;
    }
    // Offsets count from the first fragment's item, whose head has eight bytes.
    let first = fragments.first()?.start;
    let begins = table
        .chunks_exact(4)
        .map(|word| {
            let offset = u32::from_le_bytes([word[0], word[1], word[2], word[3]]) as usize;
            fragments
                .binary_search_by_key(&first.checked_add(offset)?, |at| at.start)
                .ok()
        })
        .collect::<Option<Vec<usize>>>()?;
    let rising = begins.windows(2).all(|pair| pair[0] < pair[1]);
    (rising && begins.first() == Some(&0)).then_some(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three fragments of frames that start with FF D8 FF; the second frame has two.
    const BYTES: &[u8] = b"\0\0\0\0\x0c\0\0\0________\xff\xd8\xff1________\xff\xd8\xff2________3333";
    const ITEMS: [Range<usize>; 4] = [0..8, 16..20, 28..32, 40..44];

    fn frames(items: &[Range<usize>], frames: usize) -> Vec<Result<Vec<u8>, String>> {
        let one = |index| {
            begins(BYTES, items, Codec::Jpeg, frames)
                .and_then(|begins| frame(BYTES, items, &begins, index))
                .map(Cow::into_owned)
                .map_err(|error| error.to_string())
        };
        (0..frames).map(one).collect()
    }

    #[test]
    fn fragments_are_found_with_and_without_an_offset_table() {
        let expected = [Ok(b"\xff\xd8\xff1".to_vec()), Ok(b"\xff\xd8\xff23333".to_vec())];
        assert_eq!(frames(&ITEMS, 2), expected);
        let without = [0..0, 16..20, 28..32, 40..44];
        assert_eq!(frames(&without, 2), expected);
        assert_eq!(frames(&without, 1)[0].as_ref().unwrap().len(), 12);
        assert_eq!(frames(&without, 3)[2], Ok(b"3333".to_vec()));
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let message = frames(&ITEMS, 4)[0].clone().unwrap_err();
        assert!(
            message.starts_with("it announces 4 frames, but its 3 fragments"),
            "{message}"
        );
        assert!(frames(&ITEMS[..1], 1)[0].is_err());
    }
}
