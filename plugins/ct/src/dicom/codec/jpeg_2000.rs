//! JPEG 2000 by `hayro-jpeg2000`, a decoder without unsafe code.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use ichflow_api::prelude::*;

use super::{Size, damaged, word};

/// Start of a codestream and of its size segment.
const START: &[u8] = b"\xff\x4f\xff\x51";

pub fn decode(frame: &[u8], size: Size) -> Result<Vec<u16>> {
    let begin = frame
        .windows(START.len())
        .position(|four| four == START)
        .ok_or_else(|| damaged("JPEG 2000", "it has no codestream"))?;
    let codestream = &frame[begin..];
    let siz = Siz::read(codestream).ok_or_else(|| damaged("JPEG 2000", "its size segment is cut short"))?;
    size.compare(siz.rows, siz.columns, siz.components, siz.bits)?;
    let settings = DecodeSettings {
        resolve_palette_indices: false,
        strict: true,
        target_resolution: None,
    };
    let image = Image::new(codestream, &settings).map_err(|error| damaged("JPEG 2000", error))?;
    let mut context = DecoderContext::default();
    let decoded = image
        .decode(&mut context)
        .map_err(|error| damaged("JPEG 2000", error))?;
    let samples = decoded.components().first().map_or(&[][..], |c| c.samples());
    if samples.len() != size.pixels() {
        return Err(damaged(
            "JPEG 2000",
            format!("it holds {} of {} values", samples.len(), size.pixels()),
        ));
    }
    // The decoder moves signed values up by half their range, as if they were unsigned.
    let highest = ((1_u32 << siz.bits) - 1) as f32;
    let down = if siz.signed { 1_i32 << (siz.bits - 1) } else { 0 };
    Ok(samples
        .iter()
        .map(|sample| (sample.round().clamp(0.0, highest) as i32 - down) as u16)
        .collect())
}

/// The size segment (ISO 15444-1, A.5.1).
struct Siz {
    rows: usize,
    columns: usize,
    components: usize,
    bits: usize,
    signed: bool,
}

impl Siz {
    fn read(codestream: &[u8]) -> Option<Self> {
        let long = |at| Some(word(codestream, at)? << 16 | word(codestream, at + 2)?);
        let [columns, rows, left, top] = [long(8)?, long(12)?, long(16)?, long(20)?];
        let depth = *codestream.get(42)?;
        Some(Self {
            rows: rows.checked_sub(top)?,
            columns: columns.checked_sub(left)?,
            components: word(codestream, 40)?,
            bits: usize::from(depth & 0x7F) + 1,
            signed: depth & 0x80 != 0,
        })
    }
}
