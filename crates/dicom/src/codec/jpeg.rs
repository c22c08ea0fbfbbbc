//! JPEG with Huffman codes. `jpeg-decoder` reads 8-bit and lossless images; it has no 12-bit ones, which
//! are read by [`jpeg_extended`](super::jpeg_extended).

use jpeg_decoder::{CodingProcess, Decoder, PixelFormat};

use super::{Size, damaged, jpeg_extended, word};
use crate::error::{DicomError, Result};

pub(crate) fn decode(frame: &[u8], size: Size) -> Result<Vec<u16>> {
    let frame_header = FrameHeader::find(frame).ok_or_else(|| damaged("JPEG", "it has no frame header"))?;
    size.compare(
        frame_header.rows,
        frame_header.columns,
        frame_header.components,
        frame_header.bits,
    )?;
    match (frame_header.process, frame_header.bits) {
        // Sequential DCT with more than 8 bits; lossless images (3) have any number of bits.
        (0 | 1, 9..) => return jpeg_extended::decode(frame, size),
        (2, 9..) => {
            return Err(DicomError::UnsupportedCoding(format!(
                "its pixel data is progressive JPEG of {} bits; progressive JPEG is read with 8 bits",
                frame_header.bits
            )));
        }
        (0..=3, _) => {}
        (other, _) => {
            return Err(DicomError::UnsupportedCoding(format!(
                "its pixel data is JPEG of the kind SOF{other}, which is not read"
            )));
        }
    }
    let mut decoder = Decoder::new(frame);
    decoder.set_max_decoding_buffer_size(2 * size.pixels());
    let bytes = decoder.decode().map_err(|error| damaged("JPEG", error))?;
    let info = decoder
        .info()
        .ok_or_else(|| damaged("JPEG", "it has no frame header"))?;
    if info.coding_process == CodingProcess::Lossless && frame_header.bits < 2 {
        return Err(damaged("JPEG", "its values have one bit"));
    }
    let words: Vec<u16> = match info.pixel_format {
        PixelFormat::L8 => bytes.iter().map(|byte| u16::from(*byte)).collect(),
        PixelFormat::L16 => bytes
            .chunks_exact(2)
            .map(|pair| u16::from_ne_bytes([pair[0], pair[1]]))
            .collect(),
        other => return Err(damaged("JPEG", format!("it is not grey but {other:?}"))),
    };
    if words.len() != size.pixels() {
        return Err(damaged(
            "JPEG",
            format!("it holds {} of {} values", words.len(), size.pixels()),
        ));
    }
    Ok(words)
}

/// What a frame header (SOFn) says.
struct FrameHeader {
    /// The n of SOFn: 0 baseline, 1 extended, 2 progressive, 3 lossless.
    process: u8,
    bits: usize,
    rows: usize,
    columns: usize,
    components: usize,
}

impl FrameHeader {
    fn find(bytes: &[u8]) -> Option<Self> {
        let mut at = 2;
        loop {
            // Fill bytes may stand before a marker.
            while *bytes.get(at)? != 0xFF || *bytes.get(at + 1)? == 0xFF {
                at += 1;
            }
            let marker = *bytes.get(at + 1)?;
            match marker {
                0xC4 | 0xC8 | 0xCC => {}
                0xC0..=0xCF => {
                    return Some(Self {
                        process: marker - 0xC0,
                        bits: usize::from(*bytes.get(at + 4)?),
                        rows: word(bytes, at + 5)?,
                        columns: word(bytes, at + 7)?,
                        components: usize::from(*bytes.get(at + 9)?),
                    });
                }
                // Compressed data: the frame header should have come before.
                0xDA | 0xD9 => return None,
                0x01 | 0xD0..=0xD8 => {
                    at += 2;
                    continue;
                }
                _ => {}
            }
            at += 2 + word(bytes, at + 2)?.max(2);
        }
    }
}
