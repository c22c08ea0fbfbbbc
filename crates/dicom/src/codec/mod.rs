//! From one compressed frame to stored values.
//!
//! Every decoder gets the bytes of a frame and its size from the header, holds both against each other
//! before it allocates anything, and gives `rows × columns` stored words; what lies above BitsStored is
//! cut off later, with the rescale. CT has one sample a pixel: colour is refused before it gets here.

mod deflated;
mod htj2k;
mod huffman;
mod jpeg;
mod jpeg_2000;
mod jpeg_extended;
mod jpeg_ls;
mod jpeg_xl;
mod rle;

use dicom_dictionary_std::uids;

use crate::error::{DicomError, Result};
use crate::storage::Storage;

/// How the frames of a transfer syntax are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// Deflated bytes, frame by frame (PS3.5 A.4.15).
    Deflated,
    /// Run lengths, one byte plane after another (PS3.5 annex G).
    Rle,
    /// JPEG with Huffman codes: baseline, extended, lossless (ISO 10918-1).
    Jpeg,
    /// JPEG-LS, lossless and near-lossless (ISO 14495-1).
    JpegLs,
    /// JPEG 2000 part 1 (ISO 15444-1).
    Jpeg2000,
    /// High-throughput JPEG 2000 (ISO 15444-15).
    Htj2k,
    /// JPEG XL (ISO 18181).
    JpegXl,
}

impl Codec {
    /// The codec of a transfer syntax; none where ichflow has none.
    pub(crate) fn of(syntax: &str) -> Option<Self> {
        Some(match syntax {
            uids::DEFLATED_IMAGE_FRAME_COMPRESSION => Self::Deflated,
            uids::RLE_LOSSLESS => Self::Rle,
            uids::JPEG_BASELINE8_BIT
            | uids::JPEG_EXTENDED12_BIT
            | uids::JPEG_LOSSLESS
            | uids::JPEG_LOSSLESS_SV1
            | JPEG_SPECTRAL_SELECTION
            | JPEG_FULL_PROGRESSION => Self::Jpeg,
            uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => Self::JpegLs,
            uids::JPEG2000_LOSSLESS | uids::JPEG2000 => Self::Jpeg2000,
            uids::HTJ2K_LOSSLESS | uids::HTJ2K_LOSSLESS_RPCL | uids::HTJ2K => Self::Htj2k,
            uids::JPEGXL_LOSSLESS | uids::JPEGXLJPEG_RECOMPRESSION | uids::JPEGXL => Self::JpegXl,
            _ => return None,
        })
    }

    /// The bytes a frame starts with; empty where they say nothing.
    pub(crate) fn signatures(self) -> &'static [&'static [u8]] {
        match self {
            Self::Deflated | Self::Rle => &[],
            Self::Jpeg | Self::JpegLs => &[b"\xff\xd8\xff"],
            Self::Jpeg2000 | Self::Htj2k => &[b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "],
            Self::JpegXl => &[b"\xff\x0a", b"\0\0\0\x0cJXL "],
        }
    }

    /// Stored words of a frame.
    pub(crate) fn decode(self, frame: &[u8], storage: &Storage) -> Result<Vec<u16>> {
        let size = Size {
            rows: storage.rows as usize,
            columns: storage.columns as usize,
            bytes: usize::from(storage.bits_allocated / 8),
        };
        match self {
            Self::Deflated => deflated::decode(frame, size),
            Self::Rle => rle::decode(frame, size),
            Self::Jpeg => jpeg::decode(frame, size),
            Self::JpegLs => jpeg_ls::decode(frame, size),
            Self::Jpeg2000 => jpeg_2000::decode(frame, size),
            Self::Htj2k => htj2k::decode(frame, size),
            Self::JpegXl => jpeg_xl::decode(frame, size),
        }
    }
}

/// JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8), retired.
const JPEG_SPECTRAL_SELECTION: &str = "1.2.840.10008.1.2.4.53";
/// JPEG Full Progression, Non-Hierarchical (Process 10 and 12), retired.
const JPEG_FULL_PROGRESSION: &str = "1.2.840.10008.1.2.4.55";

/// What the header says of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    rows: usize,
    columns: usize,
    /// Bytes of a stored value.
    bytes: usize,
}

impl Size {
    fn pixels(self) -> usize {
        self.rows * self.columns
    }

    /// An error unless the compressed frame has the same size, one component, and values that fit.
    fn compare(self, rows: usize, columns: usize, components: usize, bits: usize) -> Result<()> {
        if components != 1 {
            return Err(DicomError::NotCt(format!(
                "its compressed pixel data has {components} components; CT has one"
            )));
        }
        if (rows, columns) != (self.rows, self.columns) {
            return Err(DicomError::pixels(format!(
                "its compressed pixel data is {rows} × {columns} pixels, its header says {} × {}",
                self.rows, self.columns
            )));
        }
        if bits > 16 {
            return Err(DicomError::pixels(format!(
                "its compressed pixel data has {bits} bits a value; up to 16 are read"
            )));
        }
        Ok(())
    }
}

/// An error of the decoder of `coding`.
fn damaged(coding: &'static str, how: impl std::fmt::Display) -> DicomError {
    DicomError::DamagedPixels {
        coding,
        how: how.to_string(),
    }
}

/// The big-endian number at `at`.
fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_be_bytes([pair[0], pair[1]])))
}

#[cfg(test)]
mod tests;
