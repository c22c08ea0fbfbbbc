//! How a slice's pixels are stored.

use std::sync::Arc;

use dicom_dictionary_std::tags;

use crate::elements::{Elements, Parsed};
use crate::error::{DicomError, Result, excerpt};
use crate::file::DicomFile;
use crate::modality_lut::{ModalityLut, modality_lut};
use crate::rescale::Rescale;

/// Rows × columns beyond which a header is not believed: 4096 × 4096.
const MAX_PIXELS: u64 = 1 << 24;

/// How a slice's pixels are stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Storage {
    /// Number of rows.
    pub rows: u32,
    /// Number of columns.
    pub columns: u32,
    /// NumberOfFrames, 1 where absent.
    pub frames: u32,
    /// BitsAllocated: 8 or 16.
    pub bits_allocated: u16,
    /// PhotometricInterpretation: MONOCHROME1 or MONOCHROME2; empty where absent.
    pub photometric: String,
    /// PixelPaddingValue, as a stored value.
    pub padding: Option<f64>,
    /// HighBit: the bit that a value's highest one stands in; BitsStored − 1 where absent.
    pub high_bit: u32,
    /// Whether the Modality is CT, or not named: only CT is held against what HU can be.
    pub is_ct: bool,
    /// What turns stored values into HU.
    pub rescale: Rescale,
    /// The file's own table from stored values to HU, which counts before `rescale`.
    pub lut: Option<Arc<ModalityLut>>,
}

impl Storage {
    /// How the pixels of one frame are stored; of the header nothing else is looked at.
    pub(crate) fn of_frame(file: &DicomFile, parsed: &Parsed, frame: u32) -> Result<Self> {
        if file.layout.pixels.is_none() {
            return Err(DicomError::NoPixelData);
        }
        storage(file, &parsed.frame(file, frame))
    }

    /// Bytes of one uncompressed frame.
    pub fn frame_bytes(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.columns) * u64::from(self.bits_allocated / 8)
    }
}

fn storage(file: &DicomFile, elements: &Elements) -> Result<Storage> {
    let rows = elements.integer(tags::ROWS, "Rows", None)?;
    let columns = elements.integer(tags::COLUMNS, "Columns", None)?;
    let pixels = u64::from(rows) * u64::from(columns);
    if pixels == 0 || pixels > MAX_PIXELS {
        return Err(DicomError::header(format!(
            "it claims to have {rows} × {columns} pixels"
        )));
    }
    let samples = elements.integer(tags::SAMPLES_PER_PIXEL, "SamplesPerPixel", Some(1))?;
    if samples != 1 {
        return Err(DicomError::NotCt(format!(
            "it has {samples} samples a pixel; CT has one"
        )));
    }
    let photometric = elements.text(tags::PHOTOMETRIC_INTERPRETATION);
    if !matches!(photometric.as_str(), "" | "MONOCHROME1" | "MONOCHROME2") {
        return Err(DicomError::NotCt(format!(
            "its PhotometricInterpretation is {}; CT is MONOCHROME1 or MONOCHROME2",
            excerpt(&photometric)
        )));
    }
    let bits_allocated = elements.integer(tags::BITS_ALLOCATED, "BitsAllocated", None)?;
    if !matches!(bits_allocated, 8 | 16) {
        return Err(DicomError::NotCt(format!(
            "its BitsAllocated is {bits_allocated}; 8 and 16 are read"
        )));
    }
    let bits_stored = elements.integer(tags::BITS_STORED, "BitsStored", Some(bits_allocated))?;
    if !(1..=bits_allocated).contains(&bits_stored) {
        return Err(DicomError::header(format!(
            "its BitsStored is {bits_stored} of {bits_allocated} bits"
        )));
    }
    let signed = match elements.integer(tags::PIXEL_REPRESENTATION, "PixelRepresentation", Some(0))? {
        0 => false,
        1 => true,
        other => return Err(DicomError::header(format!("its PixelRepresentation is {other}"))),
    };
    let high_bit = elements.integer(tags::HIGH_BIT, "HighBit", bits_stored.checked_sub(1))?;
    let is_ct = matches!(elements.text(tags::MODALITY).as_str(), "" | "CT");
    let lut = modality_lut(file, signed, is_ct)?.map(Arc::new);
    let slope = elements.number_or(tags::RESCALE_SLOPE, "RescaleSlope", 1.0)?;
    // Values that all round to one are none.
    let values = f64::from(1_u32 << bits_stored);
    if lut.is_none() && slope.abs() * (values - 1.0) < 0.5 {
        return Err(DicomError::header(format!(
            "its RescaleSlope is {slope}: all stored values would be one"
        )));
    }
    Ok(Storage {
        rows,
        columns,
        photometric,
        padding: elements.number(tags::PIXEL_PADDING_VALUE),
        frames: elements
            .integer(tags::NUMBER_OF_FRAMES, "NumberOfFrames", Some(1))?
            .max(1),
        bits_allocated: bits_allocated as u16,
        high_bit,
        is_ct,
        lut,
        rescale: Rescale {
            bits_stored: bits_stored as u16,
            signed,
            stated: elements.has(tags::RESCALE_SLOPE) || elements.has(tags::RESCALE_INTERCEPT),
            slope,
            intercept: elements.number_or(tags::RESCALE_INTERCEPT, "RescaleIntercept", 0.0)?,
        },
    })
}
