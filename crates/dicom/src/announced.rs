//! Whether the pixels that a header announces can be there.

use crate::elements::MAX_FRAMES;
use crate::error::{DicomError, Result};
use crate::file::DicomFile;
use crate::layout;
use crate::storage::Storage;
use crate::syntax::is_native;

/// Bytes of pixels for each byte of compressed data beyond which several frames are not believed. CT comes
/// to 2 to 4 without loss, a blank slice to some thousand, whole files never.
const MAX_RATIO: u64 = 1000;

/// Whether the pixels that a header announces can be there.
pub(crate) fn check_pixels(file: &DicomFile, storage: &Storage) -> Result<()> {
    let Some(pixels) = file.layout.pixels else {
        return Err(DicomError::NoPixelData);
    };
    if !is_native(&file.layout.syntax) {
        if pixels.length.is_some() {
            return Err(DicomError::pixels(
                "its pixel data is not encapsulated although its transfer syntax is compressed",
            ));
        }
        if storage.frames > 1 {
            let items = layout::fragments(&file.bytes, pixels.start)?;
            let fragments = items.len().saturating_sub(1);
            if fragments < storage.frames as usize {
                return Err(DicomError::pixels(format!(
                    "it announces {} frames and has {fragments} fragments of pixel data",
                    storage.frames
                )));
            }
            let coded = items.iter().map(|item| item.len() as u64).sum::<u64>();
            let pixels = storage.frame_bytes() * u64::from(storage.frames);
            if pixels > coded.saturating_mul(MAX_RATIO) {
                return Err(DicomError::pixels(format!(
                    "it announces {} frames of {} × {} pixels, {pixels} bytes, and has {coded} bytes of \
                     compressed data",
                    storage.frames, storage.rows, storage.columns
                )));
            }
        }
        return check_frames(storage);
    }
    let Some(declared) = pixels.length else {
        return Err(DicomError::pixels(
            "its pixel data is encapsulated although its transfer syntax is uncompressed",
        ));
    };
    let needed = storage.frame_bytes() * u64::from(storage.frames);
    let present = file
        .total
        .saturating_sub(pixels.start as u64)
        .min(u64::from(declared));
    if present < needed {
        let frames = match storage.frames {
            1 => String::new(),
            frames => format!("{frames} frames of "),
        };
        return Err(DicomError::pixels(format!(
            "its pixel data is cut short: {frames}{} × {} pixels need {needed} bytes, {present} are there",
            storage.rows, storage.columns
        )));
    }
    check_frames(storage)
}

fn check_frames(storage: &Storage) -> Result<()> {
    if storage.frames as usize > MAX_FRAMES {
        return Err(DicomError::pixels(format!(
            "it has {} frames; up to {MAX_FRAMES} are read",
            storage.frames
        )));
    }
    Ok(())
}
