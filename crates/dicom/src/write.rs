//! Writing DICOM: as much of it as synthetic cohorts and tests need.

use dicom_object::InMemDicomObject;
use dicom_object::meta::FileMetaTableBuilder;

pub use dicom_core::{DataElement, PrimitiveValue, Tag, VR, value::DataSetSequence};
pub use dicom_dictionary_std::{tags, uids};
pub use dicom_object::mem::InMemElement;

use crate::error::{DicomError, Result};

/// An element to write: its tag, its value representation, its value.
pub type Attribute = (Tag, VR, PrimitiveValue);

/// A whole file of one CT image: preamble, meta group and data set. `instance` is its SOPInstanceUID.
///
/// # Errors
/// When the encoder refuses a value.
pub fn encode(syntax: &str, instance: &str, attributes: Vec<Attribute>) -> Result<Vec<u8>> {
    encode_with(syntax, instance, attributes, Vec::new())
}

/// The same with sequences.
///
/// # Errors
/// When the encoder refuses a value.
pub fn encode_with(
    syntax: &str,
    instance: &str,
    attributes: Vec<Attribute>,
    sequences: Vec<InMemElement>,
) -> Result<Vec<u8>> {
    let elements = attributes
        .into_iter()
        .map(|(tag, vr, value)| DataElement::new(tag, vr, value))
        .chain(sequences);
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
        .media_storage_sop_instance_uid(instance)
        .build()
        .map_err(|error| DicomError::Encode(error.into()))?;
    let mut bytes = Vec::new();
    InMemDicomObject::from_element_iter(elements)
        .with_exact_meta(meta)
        .write_all(&mut bytes)
        .map_err(|error| DicomError::Encode(error.into()))?;
    Ok(bytes)
}

/// A small CT slice to write, 2 × 2 pixels of 12 unsigned bits unless told otherwise: for tests. Texts of several
/// values are joined by backslashes, as DICOM joins them; an empty text is an empty value.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// UID of an uncompressed transfer syntax.
    pub syntax: &'static str,
    /// Number of rows.
    pub rows: u16,
    /// Number of columns.
    pub columns: u16,
    /// BitsStored, of 16 allocated.
    pub bits_stored: u16,
    /// Whether stored values are two's complement.
    pub signed: bool,
    /// WindowCenter and WindowWidth, in HU.
    pub window: [&'static str; 2],
    /// RescaleIntercept, in HU.
    pub intercept: &'static str,
    /// RescaleSlope, in HU a step.
    pub slope: &'static str,
    /// ImagePositionPatient, in mm.
    pub position: String,
    /// ImageOrientationPatient.
    pub orientation: String,
    /// Stored values, row by row.
    pub words: Vec<u16>,
}

impl Default for Fixture {
    fn default() -> Self {
        Self {
            syntax: uids::EXPLICIT_VR_LITTLE_ENDIAN,
            rows: 2,
            columns: 2,
            bits_stored: 12,
            signed: false,
            window: ["40", "80"],
            intercept: "-1024",
            slope: "1",
            position: "-125\\-125\\10".into(),
            orientation: "1\\0\\0\\0\\1\\0".into(),
            words: vec![0; 4],
        }
    }
}

impl Fixture {
    /// The bytes of the file.
    ///
    /// # Errors
    /// When the encoder refuses a value.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        self.bytes_with(Vec::new(), Vec::new())
    }

    /// The file with more elements in it; one that it has already is replaced.
    ///
    /// # Errors
    /// When the encoder refuses a value.
    pub fn bytes_with(&self, more: Vec<Attribute>, sequences: Vec<InMemElement>) -> Result<Vec<u8>> {
        let texts = |tag, vr, text: &str| -> Attribute {
            let values = text.split('\\').map(str::to_owned).collect();
            (tag, vr, PrimitiveValue::Strs(values))
        };
        let word = |tag, value: u16| -> Attribute { (tag, VR::US, PrimitiveValue::from(value)) };
        let mut attributes = vec![
            texts(tags::SOP_INSTANCE_UID, VR::UI, "ID_00000000a"),
            texts(tags::MODALITY, VR::CS, "CT"),
            texts(tags::PATIENT_ID, VR::LO, "ID_0a1b2c3d"),
            texts(tags::STUDY_INSTANCE_UID, VR::UI, "ID_aaaaaaaaaa"),
            texts(tags::SERIES_INSTANCE_UID, VR::UI, "ID_bbbbbbbbbb"),
            texts(tags::IMAGE_POSITION_PATIENT, VR::DS, &self.position),
            texts(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &self.orientation),
            word(tags::SAMPLES_PER_PIXEL, 1),
            texts(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
            word(tags::ROWS, self.rows),
            word(tags::COLUMNS, self.columns),
            word(tags::BITS_ALLOCATED, 16),
            word(tags::BITS_STORED, self.bits_stored),
            word(tags::HIGH_BIT, self.bits_stored.saturating_sub(1)),
            word(tags::PIXEL_REPRESENTATION, u16::from(self.signed)),
            texts(tags::WINDOW_CENTER, VR::DS, self.window[0]),
            texts(tags::WINDOW_WIDTH, VR::DS, self.window[1]),
            texts(tags::RESCALE_INTERCEPT, VR::DS, self.intercept),
            texts(tags::RESCALE_SLOPE, VR::DS, self.slope),
            (
                tags::PIXEL_DATA,
                VR::OW,
                PrimitiveValue::U16(self.words.clone().into()),
            ),
        ];
        attributes.extend(more);
        encode_with(self.syntax, "ID_00000000a", attributes, sequences)
    }
}
