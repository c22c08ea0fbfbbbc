//! What deserves attention in a header although the slice can be used.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::elements::Elements;
use crate::error::excerpt;
use crate::geometry::Geometry;
use crate::storage::Storage;

/// Numbers that are written as text, and how many there should be.
const NUMBERS: [(Tag, &str, Option<usize>); 9] = [
    (tags::RESCALE_SLOPE, "RescaleSlope", None),
    (tags::RESCALE_INTERCEPT, "RescaleIntercept", None),
    (tags::PIXEL_SPACING, "PixelSpacing", Some(2)),
    (tags::SLICE_THICKNESS, "SliceThickness", None),
    (tags::SLICE_LOCATION, "SliceLocation", None),
    (tags::IMAGE_POSITION_PATIENT, "ImagePositionPatient", Some(3)),
    (
        tags::IMAGE_ORIENTATION_PATIENT,
        "ImageOrientationPatient",
        Some(6),
    ),
    (tags::WINDOW_CENTER, "WindowCenter", None),
    (tags::WINDOW_WIDTH, "WindowWidth", None),
];

/// What deserves attention in a header, in words. `guessed` says whether its transfer syntax was.
pub(crate) fn of(elements: &Elements, storage: &Storage, geometry: &Geometry, guessed: bool) -> Vec<String> {
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
    match &storage.lut {
        Some(lut) => warnings.push(format!(
            "its values come from its ModalityLUTSequence, a table of {} entries",
            lut.values.len()
        )),
        None if !storage.rescale.stated => warnings
            .push("it has no RescaleSlope and no RescaleIntercept: stored values are taken for HU".into()),
        None => {
            for (tag, name, taken) in [
                (tags::RESCALE_SLOPE, "RescaleSlope", "1"),
                (tags::RESCALE_INTERCEPT, "RescaleIntercept", "0"),
            ] {
                if !elements.has(tag) {
                    warnings.push(format!("it has no {name}: {taken} is taken"));
                }
            }
        }
    }
    for (tag, name, count) in NUMBERS {
        warnings.extend(elements.oddly_written(tag, name, count));
    }
    let widths = elements.numbers(tags::WINDOW_WIDTH);
    if let Some(width) = widths.first().filter(|width| **width <= 0.0) {
        warnings.push(format!(
            "its WindowWidth is {width}: no window is so narrow, and it is not used"
        ));
    }
    if geometry.position_mm.is_none() {
        let (location, instance) = (
            elements.number(tags::SLICE_LOCATION),
            elements.number(tags::INSTANCE_NUMBER),
        );
        let instead = match (location, instance) {
            (Some(_), _) => "its SliceLocation orders it",
            (None, Some(_)) => "its InstanceNumber orders it",
            (None, None) => "nothing orders it",
        };
        warnings.push(format!("it has no ImagePositionPatient: {instead}"));
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
