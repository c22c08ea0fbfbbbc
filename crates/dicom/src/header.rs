//! What a header says of a slice, checked.

use std::path::Path;
use std::sync::Arc;

use dicom_dictionary_std::tags;

use crate::announced::check_pixels;
use crate::codec::Codec;
use crate::elements::{Elements, Parsed};
use crate::error::{Result, excerpt};
use crate::file::{self, DicomFile};
use crate::geometry::Geometry;
use crate::storage::Storage;
use crate::syntax::{is_native, unsupported};
use crate::voi_lut::{VoiLut, voi_lut};

/// A slice's header.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// SOPInstanceUID as stored; empty where absent.
    pub instance: String,
    /// Modality as stored; empty where absent.
    pub modality: String,
    /// PatientID as stored; empty where absent.
    pub patient: String,
    /// StudyInstanceUID as stored; empty where absent.
    pub study: String,
    /// SeriesInstanceUID as stored; empty where absent.
    pub series: String,
    /// Position along the normal of the image plane, in mm.
    pub position_mm: Option<f64>,
    /// WindowCenter, first value, in HU.
    pub window_center: Option<f64>,
    /// WindowWidth, first value, in HU.
    pub window_width: Option<f64>,
    /// The first table of its VOI LUT Sequence, which frames share.
    pub voi_lut: Option<Arc<VoiLut>>,
    /// How pixels are stored.
    pub storage: Storage,
    /// Where the slice lies in the patient.
    pub geometry: Geometry,
    /// All window centers and widths as stored, in HU.
    pub windows: Vec<[f64; 2]>,
    /// What deserves attention although the slice can be used, in words.
    pub warnings: Vec<String>,
}

/// Reads a file's header without its pixels, one for each frame. Uncompressed files that are too short
/// for the pixels they announce are found here, from their length alone, and so are pixels that cannot be
/// decoded.
///
/// # Errors
/// When the file cannot be read as a CT image; [`DicomError`](crate::DicomError) says why.
pub fn read_headers(path: &Path) -> Result<Vec<Header>> {
    let mut file = file::open_header(path)?;
    let parsed = Parsed::of(&file)?;
    let first = Header::of_frame(&file, &parsed, 0)?;
    if first.storage.frames > 1 && !is_native(&file.layout.syntax) {
        // Only the fragments tell whether there are so many frames.
        file = file::open_whole(path)?;
    }
    check_pixels(&file, &first.storage)?;
    headers_of(&file, &parsed, first)
}

/// Headers of all frames, of which the first is known.
pub(crate) fn headers_of(file: &DicomFile, parsed: &Parsed, first: Header) -> Result<Vec<Header>> {
    let frames = first.storage.frames;
    if !parsed.frames_differ() {
        return Ok(vec![first; frames as usize]);
    }
    let rest = (1..frames).map(|frame| Header::of_frame(file, parsed, frame));
    std::iter::once(Ok(first)).chain(rest).collect()
}

impl Header {
    /// The header of one frame.
    pub(crate) fn of_frame(file: &DicomFile, parsed: &Parsed, frame: u32) -> Result<Self> {
        let syntax = &file.layout.syntax;
        let elements = parsed.frame(file, frame);
        let storage = Storage::of_frame(file, parsed, frame)?;
        if !is_native(syntax) && Codec::of(syntax).is_none() {
            return Err(unsupported(syntax));
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
            modality: elements.text(tags::MODALITY),
            patient: elements.text(tags::PATIENT_ID),
            study: elements.text(tags::STUDY_INSTANCE_UID),
            series: elements.text(tags::SERIES_INSTANCE_UID),
            position_mm: geometry.along_normal_mm(),
            window_center: centers.first().copied(),
            window_width: widths.first().copied(),
            voi_lut: voi_lut(file).map(Arc::new),
            windows: centers.into_iter().zip(widths).map(|(c, w)| [c, w]).collect(),
            warnings: warnings(&elements, &storage, file.layout.guessed),
            storage,
            geometry,
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::Fixture;

    fn header_of(fixture: &Fixture) -> Result<Header> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        std::fs::write(&path, fixture.bytes().unwrap()).unwrap();
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
        assert_eq!(header.window_center, Some(40.0));
        assert_eq!(header.window_width, Some(1.0));
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
        let refused = |fixture: Fixture| header_of(&fixture).unwrap_err().to_string();
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
        let bytes = Fixture::default().bytes().unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let message = read_headers(&path).unwrap_err().to_string();
        assert_eq!(
            message,
            "its pixel data is cut short: 2 × 2 pixels need 8 bytes, 5 are there"
        );
    }
}
