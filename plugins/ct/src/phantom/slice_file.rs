//! A slice as its scanner would store it: about twenty header elements and the stored words.

use ichflow_api::prelude::*;
use ichflow_dicom::write::{Attribute, PrimitiveValue, Tag, VR, encode, tags, uids};

use super::draw::Drawing;
use super::hospital::Exam;
use super::plan::{Encoding, Patient};
use crate::refusal::refused;

/// The bytes of a slice's file.
pub(super) fn bytes(patient: &Patient, number: usize, size: usize, drawing: &Drawing) -> Result<Vec<u8>> {
    let id = patient.slices[number].0.to_string();
    let syntax = match patient.implicit {
        true => uids::IMPLICIT_VR_LITTLE_ENDIAN,
        false => uids::EXPLICIT_VR_LITTLE_ENDIAN,
    };
    let mut attributes = header(patient, number, size, &id);
    // As bytes rather than words: the encoder then writes them in one piece.
    let words: Vec<u8> = drawing
        .hu
        .iter()
        .zip(&drawing.scanned)
        .flat_map(|(hu, scanned)| stored(patient.encoding, *hu, *scanned).to_le_bytes())
        .collect();
    attributes.push((tags::PIXEL_DATA, VR::OW, PrimitiveValue::U8(words.into())));
    encode(syntax, &id, attributes).map_err(refused)
}

/// The word that stands for a value.
fn stored(encoding: Encoding, hu: f32, scanned: bool) -> u16 {
    let hu = hu.round() as i32;
    match encoding {
        Encoding::U12 if !scanned => 0,
        Encoding::U12 => (hu + 1024).clamp(0, 4095) as u16,
        Encoding::S16 if !scanned => (-2000_i16) as u16,
        Encoding::S16 => (hu + 1024).clamp(-2000, 4095) as i16 as u16,
        // Negative values wrap around to the top of the twelve bits.
        Encoding::Wrapped => hu.clamp(-1000, 3095).rem_euclid(4096) as u16,
    }
}

fn header(patient: &Patient, number: usize, size: usize, id: &str) -> Vec<Attribute> {
    let (bits, signed, intercept, center, width) = match patient.encoding {
        Encoding::U12 => (12, 0, "-1024", "00040\\00040", "00080\\00080"),
        Encoding::S16 => (16, 1, "-1024.000000", "30.000000", "80.000000"),
        Encoding::Wrapped => (12, 0, "0", "40", "80"),
    };
    let pose = &patient.pose;
    let (sin, cos) = pose.gantry.sin_cos();
    let (half, z) = (0.5 * pose.field_mm, patient.slices[number].1);
    let position = format!("{:.6}\\{:.6}\\{:.6}", -half, -half * cos, z + half * sin);
    let orientation = format!("1.000000\\0.000000\\0.000000\\0.000000\\{cos:.6}\\{:.6}", -sin);
    let spacing = pose.field_mm / size as f32;
    let pixels = size as u16;
    let mut attributes = vec![
        text(tags::SOP_INSTANCE_UID, VR::UI, id),
        text(tags::MODALITY, VR::CS, "CT"),
        text(tags::PATIENT_ID, VR::LO, &patient.id),
        text(tags::STUDY_INSTANCE_UID, VR::UI, &patient.study),
        text(tags::SERIES_INSTANCE_UID, VR::UI, &patient.series),
        text(tags::STUDY_ID, VR::SH, ""),
        text(tags::IMAGE_POSITION_PATIENT, VR::DS, &position),
        text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &orientation),
        word(tags::SAMPLES_PER_PIXEL, 1),
        text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        word(tags::ROWS, pixels),
        word(tags::COLUMNS, pixels),
        text(
            tags::PIXEL_SPACING,
            VR::DS,
            &format!("{spacing:.6}\\{spacing:.6}"),
        ),
        word(tags::BITS_ALLOCATED, 16),
        word(tags::BITS_STORED, bits),
        word(tags::HIGH_BIT, bits - 1),
        word(tags::PIXEL_REPRESENTATION, signed),
        text(tags::WINDOW_CENTER, VR::DS, center),
        text(tags::WINDOW_WIDTH, VR::DS, width),
        text(tags::RESCALE_INTERCEPT, VR::DS, intercept),
        text(tags::RESCALE_SLOPE, VR::DS, "1"),
    ];
    if let Some(exam) = &patient.exam {
        attributes.extend(exam_header(exam, patient));
    }
    attributes
}

/// What a hospital's headers say beside the competition's elements.
fn exam_header(exam: &Exam, patient: &Patient) -> [Attribute; 10] {
    let heights: Vec<f32> = patient.slices.iter().map(|(_, z)| *z).collect();
    let thickness = heights
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .next()
        .unwrap_or(5.0);
    [
        text(tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
        text(tags::MANUFACTURER, VR::LO, exam.scanner.manufacturer),
        text(tags::MANUFACTURER_MODEL_NAME, VR::LO, exam.scanner.model),
        text(tags::CONVOLUTION_KERNEL, VR::SH, exam.scanner.kernel),
        text(tags::KVP, VR::DS, exam.kvp),
        text(tags::SLICE_THICKNESS, VR::DS, &format!("{thickness:.2}")),
        text(tags::SERIES_DESCRIPTION, VR::LO, "HEAD PLAIN"),
        text(tags::PATIENT_AGE, VR::AS, &format!("{:03}Y", exam.age_years)),
        text(tags::PATIENT_SEX, VR::CS, exam.sex),
    ]
}

fn text(tag: Tag, vr: VR, value: &str) -> Attribute {
    let values = value.split('\\').map(str::to_owned).collect();
    (tag, vr, PrimitiveValue::Strs(values))
}

fn word(tag: Tag, value: u16) -> Attribute {
    (tag, VR::US, PrimitiveValue::from(value))
}
