//! What ichflow needs of a DICOM header, checked.

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use ichflow_api::cohort::{SliceTags, StorageStyle};
use ichflow_api::prelude::*;

use super::file::{self, DicomFile};
use super::hu::Rescale;
use super::layout::BIG_ENDIAN;

/// Rows × columns beyond which a header is not believed: 8192 × 8192.
const MAX_PIXELS: u64 = 1 << 26;

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
    /// What turns stored values into HU.
    pub rescale: Rescale,
}

impl Storage {
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

/// Reads a file's header without its pixels. Uncompressed files that are too short for the pixels they
/// announce are found here, from their length alone.
pub fn read_header(path: &Path) -> Result<Header> {
    let file = file::open_header(path)?;
    let header = Header::parse(&file)?;
    check_length(&file, &header.storage)?;
    Ok(header)
}

/// Whether a transfer syntax stores pixels as plain words.
pub fn is_native(syntax: &str) -> bool {
    matches!(
        syntax,
        uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
            | BIG_ENDIAN
    )
}

fn check_length(file: &DicomFile, storage: &Storage) -> Result<()> {
    let Some(pixels) = file.layout.pixels else {
        return Err(Error::new("it has no pixel data (7FE0,0010)"));
    };
    let Some(declared) = pixels.length else {
        return Ok(());
    };
    if !is_native(&file.layout.syntax) {
        return Ok(());
    }
    let needed = storage.frame_bytes() * u64::from(storage.frames);
    let present = file
        .total
        .saturating_sub(pixels.start as u64)
        .min(u64::from(declared));
    if present < needed {
        return Err(Error::new(format!(
            "its pixel data is cut short: {} × {} pixels need {needed} bytes, {present} are there",
            storage.rows, storage.columns
        )));
    }
    Ok(())
}

impl Header {
    /// Parses the elements a scan collected.
    pub fn parse(file: &DicomFile) -> Result<Self> {
        let elements = Elements::of(file)?;
        let storage = elements.storage()?;
        Ok(Self {
            instance: elements.text(tags::SOP_INSTANCE_UID),
            patient: elements.text(tags::PATIENT_ID),
            study: elements.text(tags::STUDY_INSTANCE_UID),
            series: elements.text(tags::SERIES_INSTANCE_UID),
            position_mm: elements.position_mm(),
            tags: SliceTags {
                window_center: elements.number(tags::WINDOW_CENTER).map(|hu| hu as f32),
                window_width: elements.number(tags::WINDOW_WIDTH).map(|hu| hu as f32),
            },
            storage,
        })
    }
}

/// Parsed elements, and lenient access to their values: numbers may be text, text may be padded.
pub struct Elements(pub InMemDicomObject);

impl Elements {
    /// Parses the elements a scan collected.
    pub fn of(file: &DicomFile) -> Result<Self> {
        let syntax = file::find_syntax(&file.layout.syntax)?;
        // Deflated data sets were inflated before.
        let syntax = match syntax.uid() {
            uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => file::find_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)?,
            _ => syntax,
        };
        InMemDicomObject::read_dataset_with_ts(file.layout.elements.as_slice(), syntax)
            .map(Self)
            .doing("its header cannot be parsed")
    }

    fn text(&self, tag: Tag) -> String {
        let value = self.0.get(tag).and_then(|element| element.to_str().ok());
        value.map_or(String::new(), |text| trimmed(&text).to_owned())
    }

    /// All values as finite numbers; those that are none are left out.
    fn numbers(&self, tag: Tag) -> Vec<f64> {
        let Some(element) = self.0.get(tag) else {
            return Vec::new();
        };
        if let Ok(texts) = element.to_multi_str() {
            let parse = |text: &String| trimmed(text).parse().ok().filter(|n: &f64| n.is_finite());
            return texts.iter().filter_map(parse).collect();
        }
        element.to_multi_float64().unwrap_or_default()
    }

    fn number(&self, tag: Tag) -> Option<f64> {
        self.numbers(tag).first().copied()
    }

    /// A number that must be readable if it is there at all.
    fn number_or(&self, tag: Tag, name: &str, absent: f64) -> Result<f64> {
        if self.text(tag).is_empty() {
            return Ok(absent);
        }
        self.number(tag)
            .ok_or_else(|| Error::new(format!("its {name} is not a number: {:?}", self.text(tag))))
    }

    fn integer(&self, tag: Tag, name: &str, absent: Option<u32>) -> Result<u32> {
        let number = self.number_or(tag, name, absent.map_or(f64::NAN, f64::from))?;
        if number.is_nan() {
            return Err(Error::new(format!("it has no {name}")));
        }
        if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
            return Err(Error::new(format!("its {name} is {number}")));
        }
        Ok(number as u32)
    }

    fn storage(&self) -> Result<Storage> {
        let rows = self.integer(tags::ROWS, "Rows", None)?;
        let columns = self.integer(tags::COLUMNS, "Columns", None)?;
        let pixels = u64::from(rows) * u64::from(columns);
        if pixels == 0 || pixels > MAX_PIXELS {
            return Err(Error::new(format!("it claims to have {rows} × {columns} pixels")));
        }
        let samples = self.integer(tags::SAMPLES_PER_PIXEL, "SamplesPerPixel", Some(1))?;
        if samples != 1 {
            return Err(Error::new(format!(
                "it has {samples} samples a pixel; CT has one"
            )));
        }
        let bits_allocated = self.integer(tags::BITS_ALLOCATED, "BitsAllocated", None)?;
        if !matches!(bits_allocated, 8 | 16) {
            return Err(Error::new(format!(
                "its BitsAllocated is {bits_allocated}; 8 and 16 are read"
            )));
        }
        let bits_stored = self.integer(tags::BITS_STORED, "BitsStored", Some(bits_allocated))?;
        if !(1..=bits_allocated).contains(&bits_stored) {
            return Err(Error::new(format!(
                "its BitsStored is {bits_stored} of {bits_allocated} bits"
            )));
        }
        let signed = match self.integer(tags::PIXEL_REPRESENTATION, "PixelRepresentation", Some(0))? {
            0 => false,
            1 => true,
            other => return Err(Error::new(format!("its PixelRepresentation is {other}"))),
        };
        Ok(Storage {
            rows,
            columns,
            frames: self
                .integer(tags::NUMBER_OF_FRAMES, "NumberOfFrames", Some(1))?
                .max(1),
            bits_allocated: bits_allocated as u16,
            rescale: Rescale {
                bits_stored: bits_stored as u16,
                signed,
                slope: self.number_or(tags::RESCALE_SLOPE, "RescaleSlope", 1.0)?,
                intercept: self.number_or(tags::RESCALE_INTERCEPT, "RescaleIntercept", 0.0)?,
            },
        })
    }

    /// Position along the normal of the image plane (PS3.3 C.7.6.2.1.1), in mm: that of
    /// ImagePositionPatient, or its z where the orientation is unknown.
    fn position_mm(&self) -> Option<f64> {
        let position = self.numbers(tags::IMAGE_POSITION_PATIENT);
        let &[x, y, z] = position.as_slice() else {
            return None;
        };
        let orientation = self.numbers(tags::IMAGE_ORIENTATION_PATIENT);
        let &[rx, ry, rz, cx, cy, cz] = orientation.as_slice() else {
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

/// Text without the padding DICOM allows around it.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::fixture::Fixture;
    use dicom_core::VR;

    fn header_of(fixture: &Fixture) -> Result<Header> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        std::fs::write(&path, fixture.bytes()).unwrap();
        read_header(&path)
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
        let message = read_header(&path).unwrap_err().chain();
        assert_eq!(
            message,
            "its pixel data is cut short: 2 × 2 pixels need 8 bytes, 5 are there"
        );
    }

    #[test]
    fn numbers_written_as_text_or_words_are_both_understood() {
        let mut elements = Elements(InMemDicomObject::new_empty());
        elements.0.put_str(tags::ROWS, VR::IS, "12 ");
        assert_eq!(elements.integer(tags::ROWS, "Rows", None).unwrap(), 12);
        assert!(elements.integer(tags::COLUMNS, "Columns", None).is_err());
    }
}
