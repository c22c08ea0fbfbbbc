//! Small DICOM files for tests.

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};

use dicom_object::mem::InMemElement;

use super::write::{Attribute, encode_with};

/// A file of 2 × 2 pixels unless told otherwise.
pub struct Fixture {
    pub syntax: &'static str,
    pub rows: u16,
    pub columns: u16,
    pub bits_stored: u16,
    pub signed: bool,
    pub window: [&'static str; 2],
    pub intercept: &'static str,
    pub slope: &'static str,
    pub position: String,
    pub orientation: String,
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
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes_with(Vec::new(), Vec::new())
    }

    /// The file with more elements in it.
    pub fn bytes_with(&self, more: Vec<Attribute>, sequences: Vec<InMemElement>) -> Vec<u8> {
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
        encode_with(self.syntax, "ID_00000000a", attributes, sequences).expect("fixtures can be written")
    }
}
