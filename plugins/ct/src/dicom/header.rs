//! What ichflow needs of a DICOM header, checked.

use std::path::Path;
use std::sync::Arc;

use dicom_dictionary_std::tags;
use ichflow_api::data::cohort::{HeaderNotes, SliceTags, StorageStyle};
use ichflow_api::prelude::*;

use super::codec::Codec;
use super::elements::{Elements, MAX_FRAMES, Parsed, excerpt};
use super::file::{self, DicomFile, is_native};
use super::hu::Rescale;
use super::layout;
use super::voi_lut::voi_lut;

/// Rows × columns beyond which a header is not believed: 4096 × 4096.
const MAX_PIXELS: u64 = 1 << 24;
/// Bytes of pixels for each byte of compressed data beyond which several frames are not believed. CT comes
/// to 2 to 4 without loss, a blank slice to some thousand, whole files never.
const MAX_RATIO: u64 = 1000;

/// A slice's header.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// SOPInstanceUID as stored; empty where absent.
    pub instance: String,
    /// PatientID as stored; empty where absent.
    pub patient: String,
    /// StudyInstanceUID as stored; empty where absent.
    pub study: String,
    /// SeriesInstanceUID as stored; empty where absent.
    pub series: String,
    /// Position along the normal of the image plane, in mm.
    pub position_mm: Option<f64>,
    /// Window center and width as stored, first values, in HU.
    pub tags: SliceTags,
    /// How pixels are stored.
    pub storage: Storage,
    /// Where the slice lies in the patient.
    pub geometry: Geometry,
    /// All window centers and widths as stored, in HU.
    pub windows: Vec<[f64; 2]>,
    /// What deserves attention although the slice can be used, in words.
    pub warnings: Vec<String>,
}

/// Where a slice lies in the patient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Geometry {
    /// PixelSpacing: between rows and between columns, in mm.
    pub spacing_mm: Option<[f64; 2]>,
    /// SliceThickness in mm.
    pub thickness_mm: Option<f64>,
    /// ImageOrientationPatient: directions of a row and of a column.
    pub orientation: Option<[f64; 6]>,
    /// ImagePositionPatient: x, y, z of the first pixel, in mm.
    pub position_mm: Option<[f64; 3]>,
}

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
    /// What turns stored values into HU.
    pub rescale: Rescale,
}

impl Storage {
    /// How the pixels of one frame are stored; of the header nothing else is looked at.
    pub(super) fn of_frame(file: &DicomFile, parsed: &Parsed, frame: u32) -> Result<Self> {
        if file.layout.pixels.is_none() {
            return Err(Error::new("it has no pixel data (7FE0,0010)"));
        }
        storage(&parsed.frame(file, frame))
    }

    /// Bytes of one uncompressed frame.
    pub fn frame_bytes(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.columns) * u64::from(self.bits_allocated / 8)
    }

    /// The part of it that a cohort keeps.
    pub fn style(&self) -> StorageStyle {
        StorageStyle {
            bits_stored: self.rescale.bits_stored,
            signed: self.rescale.signed,
            rescale_intercept: self.rescale.intercept as f32,
            rescale_slope: self.rescale.slope as f32,
        }
    }
}

/// Reads a file's header without its pixels, one for each frame. Uncompressed files that are too short
/// for the pixels they announce are found here, from their length alone, and so are pixels that cannot be
/// decoded.
pub fn read_headers(path: &Path) -> Result<Vec<Header>> {
    read_headers_and_syntax(path).map(|(_, headers)| headers)
}

/// The same with the UID of the file's transfer syntax.
pub fn read_headers_and_syntax(path: &Path) -> Result<(String, Vec<Header>)> {
    let mut file = file::open_header(path)?;
    let parsed = Parsed::of(&file)?;
    let first = Header::of_frame(&file, &parsed, 0)?;
    let frames = first.storage.frames;
    if frames > 1 && !is_native(&file.layout.syntax) {
        // Only the fragments tell whether there are so many frames.
        file = file::open_whole(path)?;
    }
    check_pixels(&file, &first.storage)?;
    headers_of(&file, &parsed, first).map(|headers| (file.layout.syntax.clone(), headers))
}

/// Headers of all frames, of which the first is known.
pub(super) fn headers_of(file: &DicomFile, parsed: &Parsed, first: Header) -> Result<Vec<Header>> {
    let frames = first.storage.frames;
    if !parsed.frames_differ() {
        return Ok(vec![first; frames as usize]);
    }
    let rest = (1..frames).map(|frame| Header::of_frame(file, parsed, frame));
    std::iter::once(Ok(first)).chain(rest).collect()
}

/// Whether the pixels that a header announces can be there.
pub(super) fn check_pixels(file: &DicomFile, storage: &Storage) -> Result<()> {
    let Some(pixels) = file.layout.pixels else {
        return Err(Error::new("it has no pixel data (7FE0,0010)"));
    };
    if !is_native(&file.layout.syntax) {
        if pixels.length.is_some() {
            return Err(Error::new(
                "its pixel data is not encapsulated although its transfer syntax is compressed",
            ));
        }
        if storage.frames > 1 {
            let items = layout::fragments(&file.bytes, pixels.start).map_err(|stop| file::describe(&stop))?;
            let fragments = items.len().saturating_sub(1);
            if fragments < storage.frames as usize {
                return Err(Error::new(format!(
                    "it announces {} frames and has {fragments} fragments of pixel data",
                    storage.frames
                )));
            }
            let coded = items.iter().map(|item| item.len() as u64).sum::<u64>();
            let pixels = storage.frame_bytes() * u64::from(storage.frames);
            if pixels > coded.saturating_mul(MAX_RATIO) {
                return Err(Error::new(format!(
                    "it announces {} frames of {} × {} pixels, {pixels} bytes, and has {coded} bytes of \
                     compressed data",
                    storage.frames, storage.rows, storage.columns
                )));
            }
        }
        return check_frames(storage);
    }
    let Some(declared) = pixels.length else {
        return Err(Error::new(
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
        return Err(Error::new(format!(
            "its pixel data is cut short: {frames}{} × {} pixels need {needed} bytes, {present} are there",
            storage.rows, storage.columns
        )));
    }
    check_frames(storage)
}

fn check_frames(storage: &Storage) -> Result<()> {
    if storage.frames as usize > MAX_FRAMES {
        return Err(Error::new(format!(
            "it has {} frames; up to {MAX_FRAMES} are read",
            storage.frames
        )));
    }
    Ok(())
}

impl Header {
    /// The part of it that a cohort keeps for people to look over.
    pub fn notes(&self) -> HeaderNotes {
        HeaderNotes {
            spacing_mm: self.geometry.spacing_mm.map(|mm| mm.map(|mm| mm as f32)),
            thickness_mm: self.geometry.thickness_mm.map(|mm| mm as f32),
            orientation: self.geometry.orientation.map(|axes| axes.map(|part| part as f32)),
            windows: u16::try_from(self.windows.len()).unwrap_or(u16::MAX),
            padding: self.storage.padding.map(|value| value as f32),
            rescale_stated: self.storage.rescale.stated,
            wrapped: self.storage.rescale.wrapped(),
        }
    }

    /// The header of one frame.
    pub fn of_frame(file: &DicomFile, parsed: &Parsed, frame: u32) -> Result<Self> {
        let syntax = &file.layout.syntax;
        let elements = parsed.frame(file, frame);
        let storage = Storage::of_frame(file, parsed, frame)?;
        if !is_native(syntax) && Codec::of(syntax).is_none() {
            return Err(file::unsupported(syntax));
        }
        let geometry = Geometry {
            spacing_mm: elements.vector(tags::PIXEL_SPACING),
            thickness_mm: elements.number(tags::SLICE_THICKNESS),
            orientation: elements.vector(tags::IMAGE_ORIENTATION_PATIENT),
            position_mm: elements.vector(tags::IMAGE_POSITION_PATIENT),
        };
        let centers = elements.numbers(tags::WINDOW_CENTER);
        let widths = elements.numbers(tags::WINDOW_WIDTH);
        Ok(Self {
            instance: elements.text(tags::SOP_INSTANCE_UID),
            patient: elements.text(tags::PATIENT_ID),
            study: elements.text(tags::STUDY_INSTANCE_UID),
            series: elements.text(tags::SERIES_INSTANCE_UID),
            position_mm: geometry.along_normal_mm(),
            tags: SliceTags {
                window_center: centers.first().map(|hu| *hu as f32),
                window_width: widths.first().map(|hu| *hu as f32),
                voi_lut: voi_lut(file).map(Arc::new),
            },
            windows: centers.into_iter().zip(widths).map(|(c, w)| [c, w]).collect(),
            warnings: warnings(&elements, &storage, file.layout.guessed),
            storage,
            geometry,
        })
    }
}

fn storage(elements: &Elements) -> Result<Storage> {
    let rows = elements.integer(tags::ROWS, "Rows", None)?;
    let columns = elements.integer(tags::COLUMNS, "Columns", None)?;
    let pixels = u64::from(rows) * u64::from(columns);
    if pixels == 0 || pixels > MAX_PIXELS {
        return Err(Error::new(format!("it claims to have {rows} × {columns} pixels")));
    }
    let samples = elements.integer(tags::SAMPLES_PER_PIXEL, "SamplesPerPixel", Some(1))?;
    if samples != 1 {
        return Err(Error::new(format!(
            "it has {samples} samples a pixel; CT has one"
        )));
    }
    let photometric = elements.text(tags::PHOTOMETRIC_INTERPRETATION);
    if !matches!(photometric.as_str(), "" | "MONOCHROME1" | "MONOCHROME2") {
        return Err(Error::new(format!(
            "its PhotometricInterpretation is {}; CT is MONOCHROME1 or MONOCHROME2",
            excerpt(&photometric)
        )));
    }
    let bits_allocated = elements.integer(tags::BITS_ALLOCATED, "BitsAllocated", None)?;
    if !matches!(bits_allocated, 8 | 16) {
        return Err(Error::new(format!(
            "its BitsAllocated is {bits_allocated}; 8 and 16 are read"
        )));
    }
    let bits_stored = elements.integer(tags::BITS_STORED, "BitsStored", Some(bits_allocated))?;
    if !(1..=bits_allocated).contains(&bits_stored) {
        return Err(Error::new(format!(
            "its BitsStored is {bits_stored} of {bits_allocated} bits"
        )));
    }
    let signed = match elements.integer(tags::PIXEL_REPRESENTATION, "PixelRepresentation", Some(0))? {
        0 => false,
        1 => true,
        other => return Err(Error::new(format!("its PixelRepresentation is {other}"))),
    };
    Ok(Storage {
        rows,
        columns,
        photometric,
        padding: elements.number(tags::PIXEL_PADDING_VALUE),
        frames: elements
            .integer(tags::NUMBER_OF_FRAMES, "NumberOfFrames", Some(1))?
            .max(1),
        bits_allocated: bits_allocated as u16,
        rescale: Rescale {
            bits_stored: bits_stored as u16,
            signed,
            stated: elements.has(tags::RESCALE_SLOPE) || elements.has(tags::RESCALE_INTERCEPT),
            slope: elements.number_or(tags::RESCALE_SLOPE, "RescaleSlope", 1.0)?,
            intercept: elements.number_or(tags::RESCALE_INTERCEPT, "RescaleIntercept", 0.0)?,
        },
    })
}

fn warnings(elements: &Elements, storage: &Storage, guessed: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if guessed {
        warnings.push("it does not name its transfer syntax; that was guessed".into());
    }
    let modality = elements.text(tags::MODALITY);
    if modality != "CT" {
        let what = if modality.is_empty() { "absent" } else { &modality };
        warnings.push(format!(
            "its Modality is {}, not CT: its values may mean something else than HU",
            excerpt(what)
        ));
    }
    if !storage.rescale.stated {
        warnings
            .push("it has no RescaleSlope and no RescaleIntercept: stored values are taken for HU".into());
    }
    if storage.photometric.is_empty() {
        warnings.push("it has no PhotometricInterpretation; MONOCHROME2 was assumed".into());
    }
    let range = storage.rescale.stored_range();
    if let Some(padding) = storage.padding
        && !(*range.start() as f64..=*range.end() as f64).contains(&padding)
    {
        warnings.push(format!(
            "its PixelPaddingValue {padding} is out of range: stored values are {} to {}",
            range.start(),
            range.end()
        ));
    }
    if elements.text(tags::LOSSY_IMAGE_COMPRESSION) == "01" {
        warnings.push("it was compressed with loss".into());
    }
    warnings
}

impl Geometry {
    /// Position along the normal of the image plane (PS3.3 C.7.6.2.1.1), in mm: that of the first pixel,
    /// or its z where the orientation is unknown.
    fn along_normal_mm(&self) -> Option<f64> {
        let [x, y, z] = self.position_mm?;
        let Some([rx, ry, rz, cx, cy, cz]) = self.orientation else {
            return Some(z);
        };
        let normal = [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx];
        let length = normal.iter().map(|n| n * n).sum::<f64>().sqrt();
        if length < 1e-6 {
            return Some(z);
        }
        Some((x * normal[0] + y * normal[1] + z * normal[2]) / length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::fixture::Fixture;

    fn header_of(fixture: &Fixture) -> Result<Header> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        std::fs::write(&path, fixture.bytes()).unwrap();
        read_headers(&path).map(|mut headers| headers.remove(0))
    }

    #[test]
    fn padded_and_repeated_numbers_are_read() {
        let header = header_of(&Fixture {
            window: ["00040\\00041", "1.000000\\2"],
            intercept: " -1024.000000",
            slope: "1.000000",
            ..Fixture::default()
        })
        .unwrap();
        assert_eq!(header.tags.window_center, Some(40.0));
        assert_eq!(header.tags.window_width, Some(1.0));
        assert_eq!(header.storage.rescale.intercept, -1024.0);
        assert_eq!(header.instance, "ID_00000000a");
        assert_eq!(header.patient, "ID_0a1b2c3d");
    }

    #[test]
    fn position_is_along_the_normal() {
        let at = |position: &str, orientation: &str| {
            let fixture = Fixture {
                position: position.into(),
                orientation: orientation.into(),
                ..Fixture::default()
            };
            header_of(&fixture).unwrap().position_mm
        };
        assert_eq!(at("-125\\-125\\35.5", "1\\0\\0\\0\\1\\0"), Some(35.5));
        assert_eq!(at("-125\\-125\\35.5", ""), Some(35.5));
        assert_eq!(at("", ""), None);
        let (sin, cos) = 0.2_f64.sin_cos();
        let tilted = format!("1\\0\\0\\0\\{cos:.6}\\{:.6}", -sin);
        let found = at("0\\-125\\40", &tilted).unwrap();
        assert!((found - (-125.0 * sin + 40.0 * cos)).abs() < 1e-3, "{found}");
    }

    #[test]
    fn what_cannot_be_right_is_refused_in_words() {
        let refused = |fixture: Fixture| header_of(&fixture).unwrap_err().chain();
        let message = refused(Fixture {
            rows: 60_000,
            columns: 60_000,
            ..Fixture::default()
        });
        assert_eq!(message, "it claims to have 60000 × 60000 pixels");
        let message = refused(Fixture {
            rows: 3,
            ..Fixture::default()
        });
        assert_eq!(
            message,
            "its pixel data is cut short: 3 × 2 pixels need 12 bytes, 8 are there"
        );
        let message = refused(Fixture {
            slope: "one",
            ..Fixture::default()
        });
        assert_eq!(message, "its RescaleSlope is not a number: \"one\"");
        let message = refused(Fixture {
            bits_stored: 17,
            ..Fixture::default()
        });
        assert_eq!(message, "its BitsStored is 17 of 16 bits");
    }

    #[test]
    fn a_truncated_file_is_found_from_its_length() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        let bytes = Fixture::default().bytes();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let message = read_headers(&path).unwrap_err().chain();
        assert_eq!(
            message,
            "its pixel data is cut short: 2 × 2 pixels need 8 bytes, 5 are there"
        );
    }
}
