//! What ichflow reads from a file, for people and programs that want to know before a run does:
//! `ichflow inspect`. Nothing in it tells who the patient is, unless it is asked to.

mod command;
mod scan;

use std::panic::AssertUnwindSafe;
use std::path::Path;

use ichflow_api::guard;
use ichflow_api::prelude::*;
use ichflow_dicom::{Frames, Header};
use sha2::{Digest, Sha256};

pub use scan::{FreeText, Scan};

use crate::formats::format_of;
use crate::headers::{is_wrapped, scan_of};
use crate::refusal::refused;

/// What ichflow reads from a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// Transfer syntax.
    pub transfer_syntax: Syntax,
    /// Number of rows.
    pub rows: u32,
    /// Number of columns.
    pub columns: u32,
    /// Number of frames.
    pub frames: u32,
    /// How stored values are encoded.
    pub storage: Stored,
    /// How the first frame was taken, and of whom.
    pub scan: Scan,
    /// All frames together.
    pub hu: HuSummary,
    /// What the first frame says of itself.
    #[serde(flatten)]
    pub first: Frame,
    /// Each frame, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub per_frame: Vec<FrameAndHu>,
    /// What deserves attention, in words.
    pub warnings: Vec<String>,
}

/// A transfer syntax, or another file format.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Syntax {
    /// Its UID; empty of a file that is not DICOM.
    pub uid: String,
    /// Its name.
    pub name: &'static str,
}

/// How stored values are encoded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stored {
    /// BitsAllocated.
    pub bits_allocated: u16,
    /// BitsStored.
    pub bits_stored: u16,
    /// Whether they are two's complement.
    pub signed: bool,
    /// PhotometricInterpretation.
    pub photometric: String,
    /// PixelPaddingValue.
    pub padding: Option<f64>,
}

/// What a frame's header says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frame {
    /// Between rows and between columns, in mm.
    pub spacing_mm: Option<[f64; 2]>,
    /// Thickness of the slice, in mm.
    pub thickness_mm: Option<f64>,
    /// Directions of a row and of a column.
    pub orientation: Option<[f64; 6]>,
    /// x, y, z of the first pixel, in mm.
    pub position_mm: Option<[f64; 3]>,
    /// Position along the normal of the image plane, in mm.
    pub along_normal_mm: Option<f64>,
    /// What turns stored values into HU.
    pub rescale: RescaleNote,
    /// Window centers and widths, in HU.
    pub windows: Vec<[f64; 2]>,
}

/// What turns stored values into HU.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RescaleNote {
    /// HU a step.
    pub slope: f64,
    /// HU at 0.
    pub intercept: f64,
    /// Whether the file says so; otherwise stored values are taken for HU.
    pub stated: bool,
    /// Whether the overflow correction for unsigned values of fewer than 16 bits was applied.
    pub unwrapped: bool,
    /// Entries of the ModalityLUTSequence that counts in place of slope and intercept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<usize>,
}

/// A frame and its values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrameAndHu {
    /// What its header says.
    #[serde(flatten)]
    pub frame: Frame,
    /// Its values.
    pub hu: HuSummary,
}

/// Hounsfield units in short.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HuSummary {
    /// Smallest, in HU.
    pub min: i16,
    /// Largest, in HU.
    pub max: i16,
    /// Mean, in HU.
    pub mean: f64,
    /// SHA-256 of the values as little-endian 16-bit integers, row by row, frame by frame, in the order in which they are
    /// stored: a run may read them turned, and a warning says so.
    pub sha256: String,
}

/// Reads everything there is to read in a file, and texts that people wrote as they liked among it ([`FreeText`]): whoever
/// shows it leaves them out unless he is asked for them.
///
/// # Errors
/// Where the file cannot be read, or is of no format that is read.
pub fn inspect(path: &Path) -> Result<Inspection> {
    // Parsers may panic on what nobody foresaw; the next file is to be looked at all the same.
    guard::catch(AssertUnwindSafe(|| format_of(path).inspect(path)))
        .unwrap_or_else(|_| Err(Error::new("it is damaged: the parser gave up")))
}

/// See [`inspect`], of a DICOM file.
pub(crate) fn inspect_dicom(path: &Path) -> Result<Inspection> {
    let source = Frames::open(path).map_err(refused)?;
    let (syntax, headers) = (source.syntax().to_owned(), source.headers().map_err(refused)?);
    let mut whole = Tally::default();
    let mut frames = Vec::with_capacity(headers.len());
    let mut warnings: Vec<String> = Vec::new();
    for (frame, header) in headers.iter().enumerate() {
        let image = source.read_as_stored(frame as u32).map_err(refused)?;
        let mut own = Tally::default();
        own.add(&image.hu);
        whole.add(&image.hu);
        frames.push(FrameAndHu {
            frame: Frame::of(header),
            hu: own.finish(),
        });
        for warning in &header.warnings {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
    }
    let (Some(header), Some(first)) = (headers.first(), frames.first()) else {
        return Err(Error::new("it has no frames"));
    };
    let storage = &header.storage;
    Ok(Inspection {
        transfer_syntax: Syntax {
            name: ichflow_dicom::syntax_name(&syntax),
            uid: syntax,
        },
        rows: storage.rows,
        columns: storage.columns,
        frames: storage.frames,
        storage: Stored {
            bits_allocated: storage.bits_allocated,
            bits_stored: storage.rescale.bits_stored,
            signed: storage.rescale.signed,
            photometric: storage.photometric.clone(),
            padding: storage.padding,
        },
        scan: Scan::of(&scan_of(header)),
        hu: whole.finish(),
        first: first.frame.clone(),
        per_frame: if frames.len() > 1 { frames } else { Vec::new() },
        warnings,
    })
}

impl Inspection {
    /// The same without texts that may name people.
    #[must_use]
    pub fn without_free_text(mut self) -> Self {
        self.scan.free_text = None;
        self
    }
}

impl Frame {
    fn of(header: &Header) -> Self {
        let rescale = &header.storage.rescale;
        Self {
            spacing_mm: header.geometry.spacing_mm,
            thickness_mm: header.geometry.thickness_mm,
            orientation: header.geometry.orientation,
            position_mm: header.geometry.position_mm,
            along_normal_mm: header.position_mm,
            rescale: RescaleNote {
                slope: rescale.slope,
                intercept: rescale.intercept,
                stated: rescale.stated,
                unwrapped: is_wrapped(header),
                table: header.storage.lut.as_ref().map(|lut| lut.values.len()),
            },
            windows: header.windows.clone(),
        }
    }
}

/// Counts values up.
#[derive(Default)]
pub(crate) struct Tally {
    bounds: Option<(i16, i16)>,
    sum: i64,
    count: u64,
    digest: Sha256,
}

impl Tally {
    pub(crate) fn add(&mut self, hu: &[i16]) {
        for value in hu {
            let (min, max) = self.bounds.unwrap_or((*value, *value));
            self.bounds = Some((min.min(*value), max.max(*value)));
            self.sum += i64::from(*value);
        }
        self.count += hu.len() as u64;
        let bytes: Vec<u8> = hu.iter().flat_map(|hu| hu.to_le_bytes()).collect();
        self.digest.update(&bytes);
    }

    pub(crate) fn finish(self) -> HuSummary {
        let (min, max) = self.bounds.unwrap_or_default();
        HuSummary {
            min,
            max,
            mean: self.sum as f64 / self.count.max(1) as f64,
            sha256: self
                .digest
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }
    }
}
