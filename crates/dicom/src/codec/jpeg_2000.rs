//! JPEG 2000 by `hayro-jpeg2000`, a decoder without unsafe code.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::{Size, damaged, word};
use crate::error::Result;

const NAME: &str = "JPEG 2000";

/// Start of a codestream and of its size segment.
const START: &[u8] = b"\xff\x4f\xff\x51";

pub(crate) fn decode(frame: &[u8], size: Size) -> Result<Vec<u16>> {
    let codestream = Codestream::find(frame, size, NAME)?;
    let settings = DecodeSettings {
        resolve_palette_indices: false,
        strict: true,
        target_resolution: None,
    };
    let image = Image::new(codestream.bytes, &settings).map_err(|error| damaged(NAME, error))?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|error| damaged(NAME, error))?;
    let samples = decoded.components().first().map_or(&[][..], |c| c.samples());
    let highest = ((1_u32 << codestream.bits) - 1) as f32;
    codestream.stored(
        samples
            .iter()
            .map(|sample| sample.round().clamp(0.0, highest) as u16),
    )
}

/// The codestream of a frame, in a JP2 box or without one, whose size is the header's.
pub(crate) struct Codestream<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) bits: usize,
    signed: bool,
    pixels: usize,
    name: &'static str,
}

impl<'a> Codestream<'a> {
    /// `name` is what errors call the format.
    pub(crate) fn find(frame: &'a [u8], size: Size, name: &'static str) -> Result<Self> {
        let begin = frame
            .windows(START.len())
            .position(|four| four == START)
            .ok_or_else(|| damaged(name, "it has no codestream"))?;
        let bytes = &frame[begin..];
        let siz = Siz::read(bytes).ok_or_else(|| damaged(name, "its size segment is cut short"))?;
        size.compare(siz.rows, siz.columns, siz.components, siz.bits)?;
        Ok(Self {
            bytes,
            bits: siz.bits,
            signed: siz.signed,
            pixels: size.pixels(),
            name,
        })
    }

    /// Stored words of what a decoder gave. The decoders move signed values up by half their range, as
    /// if they were unsigned.
    pub(crate) fn stored(&self, samples: impl ExactSizeIterator<Item = u16>) -> Result<Vec<u16>> {
        if samples.len() != self.pixels {
            return Err(damaged(
                self.name,
                format!("it holds {} of {} values", samples.len(), self.pixels),
            ));
        }
        let down = if self.signed { 1_u16 << (self.bits - 1) } else { 0 };
        Ok(samples.map(|sample| sample.wrapping_sub(down)).collect())
    }
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
