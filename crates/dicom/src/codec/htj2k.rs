//! High-throughput JPEG 2000 (ISO 15444-15) by `dicom-toolkit-jpeg2000`, a decoder without unsafe code.
//! `hayro-jpeg2000` does not know its code blocks.

use dicom_toolkit_jpeg2000::{DecodeSettings, Image};

use super::jpeg_2000::Codestream;
use super::{Size, damaged};
use crate::error::Result;

const NAME: &str = "HTJ2K";

pub(crate) fn decode(frame: &[u8], size: Size) -> Result<Vec<u16>> {
    let codestream = Codestream::find(frame, size, NAME)?;
    let settings = DecodeSettings {
        resolve_palette_indices: false,
        strict: true,
        target_resolution: None,
    };
    let image = Image::new(codestream.bytes, &settings).map_err(|error| damaged(NAME, error))?;
    let decoded = image.decode_native().map_err(|error| damaged(NAME, error))?;
    match decoded.bytes_per_sample {
        1 => codestream.stored(decoded.data.iter().map(|&byte| u16::from(byte))),
        _ => codestream.stored(
            decoded
                .data
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]])),
        ),
    }
}
