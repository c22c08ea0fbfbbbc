//! What is no axial slice of CT in Hounsfield units, told by its header: it can be read, and its numbers mean something
//! else than a network was trained on.

use ichflow_api::prelude::*;
use ichflow_dicom::{Geometry, Header, Plane};

/// A kind of images that are no axial slices of CT in Hounsfield units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Another modality (Modality), or the storage class of another (SOPClassUID): MR, PET, segmentations.
    NotCt,
    /// Screens and reports saved as images: a secondary capture by its SOPClassUID or ImageType.
    SecondaryCapture,
    /// Scouts (ImageType LOCALIZER).
    Localizer,
    /// Maps and projections computed from slices, by ImageType: perfusion, iodine, maximum intensity.
    DerivedMap,
    /// Values whose unit is not HU (RescaleType, ModalityLUTType); volumes of a format that names no unit, by their values.
    NotHu,
    /// Coronal and sagittal images (ImageOrientationPatient).
    NotAxial,
}

impl Kind {
    /// All of them.
    pub fn all() -> Vec<Self> {
        vec![
            Self::NotCt,
            Self::SecondaryCapture,
            Self::Localizer,
            Self::DerivedMap,
            Self::NotHu,
            Self::NotAxial,
        ]
    }
}

/// Storage classes of CT: plain, enhanced, converted to enhanced.
const CT: [&str; 3] = [
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.2.2",
];
/// What the storage classes of secondary captures begin with, up to a point.
const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";
/// What UIDs of the standard's own classes begin with; makers have others for their CT.
const STANDARD: &str = "1.2.840.10008.";
/// Words in ImageType of scouts.
const LOCALIZER: [&str; 5] = ["LOCALIZER", "SCOUT", "TOPOGRAM", "SURVIEW", "SCANOGRAM"];
/// Words in ImageType of screens and reports, where it says too that the image is not the scanner's own.
const SCREEN: [&str; 3] = ["SCREEN", "DOSE", "REPORT"];
/// Words in ImageType of what is computed from slices and is no slice of HU (PS3.3 C.8.15.2.1 and makers' own).
const DERIVED: [&str; 32] = [
    "PERFUSION",
    "CBF",
    "RCBF",
    "CBV",
    "RCBV",
    "MTT",
    "RMTT",
    "TTP",
    "TMAX",
    "PERMEABILITY",
    "TTD",
    "TTS",
    "PENUMBRA",
    "IODINE",
    "SPECIFIC",
    "FRACTIONAL",
    "ZEFF",
    "ATOMIC",
    "ELECTRON",
    "RHO",
    "EFFECTIVE",
    "SUBTRACTION",
    "MIP",
    "MINIP",
    "MINP",
    "PROJECTION",
    "VRT",
    "SSD",
    "3D",
    "VOLREN",
    "FUSED",
    "COLOR",
];
/// Units of values that are HU, or are left open, or HU of a modified image.
const HU: [&str; 4] = ["", "HU", "US", "HU_MOD"];

/// What tells the kind of an image.
struct Told<'a> {
    modality: &'a str,
    sop_class: &'a str,
    image_type: &'a [String],
    /// Elements with the unit of the values, and what they say.
    units: [(&'static str, &'a str); 2],
    plane: Option<Plane>,
    /// Whether it has neither an orientation nor a position.
    lies_nowhere: bool,
}

/// Every kind that a header is of, with its reason in words; none of an axial slice of CT. What a header does not say
/// speaks for nothing.
pub fn kinds_of(header: &Header) -> Vec<(Kind, String)> {
    let geometry = &header.geometry;
    Told {
        modality: &header.modality,
        sop_class: &header.sop_class,
        image_type: &header.image_type,
        units: [
            ("RescaleType", header.rescale_type.as_str()),
            (
                "ModalityLUTType",
                header.storage.lut.as_ref().map_or("", |lut| lut.kind.as_str()),
            ),
        ],
        plane: geometry.plane(),
        lies_nowhere: geometry.orientation.is_none() && geometry.position_mm.is_none(),
    }
    .kinds()
}

/// The same of a slice of a cohort, which its loader may have kept whatever it is.
pub(crate) fn kinds_of_slice(slice: &Slice) -> Vec<(Kind, String)> {
    let scan = &slice.scan;
    let geometry = Geometry {
        orientation: slice.header.orientation.map(|axes| axes.map(f64::from)),
        ..Geometry::default()
    };
    Told {
        modality: &scan.modality,
        sop_class: &scan.sop_class,
        image_type: &scan.image_type,
        units: [("RescaleType", scan.unit.as_str()), ("", "")],
        plane: geometry.plane(),
        lies_nowhere: slice.header.orientation.is_none() && slice.position_mm.is_none(),
    }
    .kinds()
}

impl Told<'_> {
    fn kinds(&self) -> Vec<(Kind, String)> {
        let mut kinds = Vec::new();
        let plain = |text: &str| text.trim().escape_debug().to_string();
        let modality = self.modality.trim();
        let class = self.sop_class.trim();
        if !matches!(modality, "" | "CT") {
            kinds.push((
                Kind::NotCt,
                format!("its Modality is {}, not CT", plain(modality)),
            ));
        }
        let words = |values: &[String]| -> Vec<String> {
            let parts = values
                .iter()
                .flat_map(|value| value.split(|c: char| !c.is_ascii_alphanumeric()));
            parts.map(str::to_owned).collect()
        };
        let words = words(self.image_type);
        let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
        let image_type = || self.image_type.join("\\");
        if class == SECONDARY_CAPTURE || class.starts_with(&format!("{SECONDARY_CAPTURE}.")) {
            let reason = format!("it is a secondary capture (SOPClassUID {class}), a saved screen");
            kinds.push((Kind::SecondaryCapture, reason));
        } else if class.starts_with(STANDARD) && !CT.contains(&class) {
            let reason = format!("its SOPClassUID is {}, no storage class of CT", plain(class));
            kinds.push((Kind::NotCt, reason));
        }
        let is_secondary = self.image_type.get(1).is_some_and(|value| value == "SECONDARY");
        if class_is_no_capture(&kinds) && is_secondary && (has(&SCREEN) || self.lies_nowhere) {
            let reason = format!("it is a saved screen (ImageType {})", image_type());
            kinds.push((Kind::SecondaryCapture, reason));
        }
        if has(&LOCALIZER) {
            kinds.push((
                Kind::Localizer,
                format!("it is a localizer (ImageType {})", image_type()),
            ));
        }
        if has(&DERIVED) {
            let reason = format!(
                "it is a map or projection computed from slices (ImageType {})",
                image_type()
            );
            kinds.push((Kind::DerivedMap, reason));
        }
        for (element, unit) in self.units {
            if !HU.contains(&unit.trim().to_ascii_uppercase().as_str()) {
                kinds.push((Kind::NotHu, format!("its {element} is {}, not HU", plain(unit))));
            }
        }
        let plane = match self.plane {
            None | Some(Plane::Axial) => None,
            Some(Plane::Coronal) => Some("coronal"),
            Some(Plane::Sagittal) => Some("sagittal"),
        };
        if let Some(plane) = plane {
            let reason = format!("it is a {plane} image (ImageOrientationPatient), not an axial one");
            kinds.push((Kind::NotAxial, reason));
        }
        kinds
    }
}

/// HU below which some of every head lies, since air does: a volume whose values all lie above holds none.
const AIR: f64 = -200.0;

/// Why a volume's values, from `low` to `high`, are no HU of CT, if they are none. NIfTI names no unit, and the same
/// directories hold masks, images after a window and stored values that lost their intercept.
pub(crate) fn not_hu_values(low: f64, high: f64) -> Option<String> {
    let shown = |value: f64| format!("{}", (value * 100.0).round() / 100.0).replace('-', "−");
    if low == high {
        return Some(format!("all its values are {}", shown(low)));
    }
    let between = format!("its values lie between {} and {}", shown(low), shown(high));
    if low > AIR {
        return Some(format!(
            "{between}, and air has −1000 HU: a mask, an image after a window, or values without their intercept"
        ));
    }
    (high > f64::from(i16::MAX)).then(|| format!("{between}, beyond what HU can be"))
}

fn class_is_no_capture(kinds: &[(Kind, String)]) -> bool {
    kinds.iter().all(|(kind, _)| *kind != Kind::SecondaryCapture)
}

/// The reasons of some kinds in one text; none of no kinds.
pub(crate) fn reasons<'a>(kinds: impl Iterator<Item = &'a (Kind, String)>) -> Option<String> {
    let reasons: Vec<&str> = kinds.map(|(_, reason)| reason.as_str()).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use ichflow_dicom::read_headers;
    use ichflow_dicom::write::{Attribute, Fixture, PrimitiveValue, Tag, VR, tags, uids};

    use super::*;
    use crate::headers::slice_of;

    fn kinds(orientation: &str, more: &[(Tag, VR, &str)]) -> Vec<Kind> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        let fixture = Fixture {
            orientation: orientation.into(),
            ..Fixture::default()
        };
        let attribute = |(tag, vr, text): &(Tag, VR, &str)| -> Attribute {
            let values = text.split('\\').map(str::to_owned).collect();
            (*tag, *vr, PrimitiveValue::Strs(values))
        };
        let more = more.iter().map(attribute).collect();
        std::fs::write(&path, fixture.bytes_with(more, Vec::new()).unwrap()).unwrap();
        let header = &read_headers(&path).unwrap()[0];
        let kinds: Vec<Kind> = kinds_of(header).into_iter().map(|(kind, _)| kind).collect();
        // A cohort keeps enough of the header to say the same.
        let slice = slice_of(&path, 0, header.clone());
        let of_slice: Vec<Kind> = kinds_of_slice(&slice).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(of_slice, kinds);
        kinds
    }

    const AXIAL: &str = "1\\0\\0\\0\\1\\0";

    #[test]
    fn slices_of_ct_are_of_no_kind() {
        // The competition's, which name little; a real head of GE, tilted; a real head of Toshiba; lossy copies; private
        // classes; the tilt of any gantry; patients who lie on their front.
        assert_eq!(kinds(AXIAL, &[]), []);
        assert_eq!(kinds("", &[(tags::MODALITY, VR::CS, "")]), []);
        for image_type in [
            "ORIGINAL\\PRIMARY\\AXIAL\\ADD",
            "ORIGINAL\\SECONDARY\\AXIAL",
            "DERIVED\\PRIMARY\\AXIAL",
            "DERIVED\\PRIMARY\\AXIAL\\VMI",
        ] {
            let named = [
                (tags::IMAGE_TYPE, VR::CS, image_type),
                (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
            ];
            assert_eq!(
                kinds("1\\0\\0\\0\\0.9483237\\-0.3173047", &named),
                [],
                "{image_type}"
            );
        }
        assert_eq!(
            kinds(
                "-1\\0\\0\\0\\-1\\0",
                &[(tags::SOP_CLASS_UID, VR::UI, "1.3.12.2.1107.5.9.1")]
            ),
            []
        );
        assert_eq!(kinds(AXIAL, &[(tags::RESCALE_TYPE, VR::LO, "HU")]), []);
    }

    #[test]
    fn everything_else_is_known_for_what_it_is() {
        let image_type = |text| [(tags::IMAGE_TYPE, VR::CS, text)];
        assert_eq!(kinds(AXIAL, &[(tags::MODALITY, VR::CS, "MR")]), [Kind::NotCt]);
        let class = |uid| [(tags::SOP_CLASS_UID, VR::UI, uid)];
        assert_eq!(kinds(AXIAL, &class(uids::PARAMETRIC_MAP_STORAGE)), [Kind::NotCt]);
        for uid in [
            uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
            uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
        ] {
            assert_eq!(kinds(AXIAL, &class(uid)), [Kind::SecondaryCapture]);
        }
        assert_eq!(
            kinds(AXIAL, &image_type("DERIVED\\SECONDARY\\SCREEN SAVE")),
            [Kind::SecondaryCapture]
        );
        assert_eq!(
            kinds("0\\1\\0\\0\\0\\-1", &image_type("ORIGINAL\\PRIMARY\\LOCALIZER")),
            [Kind::Localizer, Kind::NotAxial]
        );
        assert_eq!(
            kinds("1\\0\\0\\0\\0\\-1", &image_type("DERIVED\\SECONDARY\\MPR")),
            [Kind::NotAxial]
        );
        assert_eq!(
            kinds(AXIAL, &image_type("DERIVED\\PRIMARY\\PERFUSION\\RCBF")),
            [Kind::DerivedMap]
        );
        assert_eq!(
            kinds(AXIAL, &image_type("DERIVED\\SECONDARY\\CSA MIP")),
            [Kind::DerivedMap]
        );
        assert_eq!(
            kinds(AXIAL, &[(tags::RESCALE_TYPE, VR::LO, "MGML")]),
            [Kind::NotHu]
        );
    }

    #[test]
    fn values_of_a_volume_tell_whether_they_are_hu() {
        for (low, high) in [(-1024.0, 3071.0), (-1500.0, 80.0), (-1000.3, 1800.5)] {
            assert_eq!(not_hu_values(low, high), None);
        }
        let why = |low, high| not_hu_values(low, high).unwrap();
        assert!(why(0.0, 5.0).starts_with("its values lie between 0 and 5, and air has −1000 HU"));
        assert!(why(0.0, 4095.0).ends_with("without their intercept"));
        assert!(why(-0.125, 1.0).contains("between −0.13 and 1"));
        assert_eq!(why(-1024.0, -1024.0), "all its values are −1024");
        assert!(why(-1024.0, 70000.0).ends_with("beyond what HU can be"));
    }
}
