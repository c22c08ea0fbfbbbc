//! How a series was taken, and of whom: what selects series and forms subgroups.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::cohort::Slice;

/// Ages at which bands begin, in years. All who are 90 or older are one band: an exact age beyond that identifies
/// (HIPAA, 45 CFR 164.514(b)(2)(i)(C)).
const BANDS: [(f32, &str); 7] = [
    (90.0, "90 and older"),
    (80.0, "80 to 89"),
    (65.0, "65 to 79"),
    (50.0, "50 to 64"),
    (35.0, "35 to 49"),
    (18.0, "18 to 34"),
    (0.0, "under 18"),
];

/// What a header says of how a slice was taken, and of whom. Slices of a series say the same, and share it
/// (see [`share`]). Texts are as stored, and empty where the header says nothing.
///
/// Reports, logs and exports may show makers, kernels, kVp, contrast agents, sex and age *bands*
/// ([`age_band`](Self::age_band)), but neither ages nor `protocol` and `series_description`: people write names into
/// free text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScanNotes {
    /// Modality (0008,0060).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub modality: String,
    /// SOPClassUID (0008,0016).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sop_class: String,
    /// ImageType (0008,0008), its values in capitals.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_type: Vec<String>,
    /// RescaleType (0028,1054), or ModalityLUTType (0028,3004) of a file with a table: the unit of its values.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Manufacturer (0008,0070).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub manufacturer: String,
    /// ManufacturerModelName (0008,1090).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// ConvolutionKernel (0018,1210).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kernel: String,
    /// KVP (0018,0060), in kV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kvp: Option<f32>,
    /// ContrastBolusAgent (0018,0010).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub contrast_agent: String,
    /// BodyPartExamined (0018,0015).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body_part: String,
    /// ProtocolName (0018,1030). Free text: it may name people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub protocol: String,
    /// SeriesDescription (0008,103E). Free text: it may name people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub series_description: String,
    /// PatientAge (0010,1010), or the time from PatientBirthDate to the study, in years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_years: Option<f32>,
    /// PatientSex (0010,0040): M, F or O.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sex: String,
    /// Columns of the cohort's own that its recipe names, such as the site, by their names. Who names a column wants its
    /// values to be seen: reports and exports show them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
}

impl ScanNotes {
    /// The age as a band, "65 to 79": what may be shown of it.
    pub fn age_band(&self) -> Option<&'static str> {
        age_band(self.age_years?)
    }

    /// Maker and model, "GE MEDICAL SYSTEMS LightSpeed VCT"; empty where neither is known.
    pub fn scanner(&self) -> String {
        let names = [self.manufacturer.trim(), self.model.trim()];
        let known: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
        known.join(" ")
    }
}

/// An age in years as a band.
pub fn age_band(years: f32) -> Option<&'static str> {
    BANDS
        .iter()
        .find(|(from, _)| years >= *from)
        .map(|(_, name)| *name)
}

/// Lets slices with equal notes share them: a series has hundreds of slices and one set of notes, or a few.
pub fn share(slices: &mut [Slice]) {
    let mut known: HashMap<String, Vec<Arc<ScanNotes>>> = HashMap::new();
    for slice in slices {
        let of_series = match known.get_mut(slice.series.as_str()) {
            Some(of_series) => of_series,
            None => known.entry(slice.series.clone()).or_default(),
        };
        match of_series.iter().find(|notes| **notes == slice.scan) {
            Some(notes) => slice.scan = Arc::clone(notes),
            None => of_series.push(Arc::clone(&slice.scan)),
        }
    }
}

/// Notes that slices share in memory are written out for each.
pub(crate) mod shared {
    use super::{Arc, ScanNotes};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(notes: &Arc<ScanNotes>, serializer: S) -> Result<S::Ok, S::Error> {
        notes.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<ScanNotes>, D::Error> {
        Ok(Arc::new(ScanNotes::deserialize(deserializer)?))
    }

    pub(crate) fn is_empty(notes: &Arc<ScanNotes>) -> bool {
        **notes == ScanNotes::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit;

    fn of_age(years: f32) -> ScanNotes {
        ScanNotes {
            age_years: Some(years),
            ..ScanNotes::default()
        }
    }

    #[test]
    fn ages_are_shown_as_bands() {
        let bands = [0.0, 17.9, 18.0, 64.5, 79.99, 90.0, 104.0].map(|years| of_age(years).age_band());
        assert_eq!(
            bands,
            [
                "under 18",
                "under 18",
                "18 to 34",
                "50 to 64",
                "65 to 79",
                "90 and older",
                "90 and older"
            ]
            .map(Some)
        );
        assert_eq!(ScanNotes::default().age_band(), None);
    }

    #[test]
    fn equal_notes_of_a_series_are_one() {
        let mut slices: Vec<Slice> = ["a", "b", "c", "d"]
            .map(|id| testkit::slice(id, "p", None))
            .to_vec();
        for (slice, years) in slices.iter_mut().zip([50.0, 50.0, 51.0, 50.0]) {
            slice.scan = Arc::new(of_age(years));
        }
        let before = slices.clone();
        share(&mut slices);
        assert_eq!(slices, before);
        assert!(Arc::ptr_eq(&slices[0].scan, &slices[3].scan));
        assert!(!Arc::ptr_eq(&slices[0].scan, &slices[2].scan));
    }

    #[test]
    fn notes_survive_being_written_and_empty_ones_take_no_room() {
        let mut slice = testkit::slice("a", "p", None);
        let text = serde_json::to_string(&slice).unwrap();
        assert!(!text.contains("scan"), "{text}");
        assert_eq!(serde_json::from_str::<Slice>(&text).unwrap(), slice);
        slice.scan = Arc::new(ScanNotes {
            kernel: "SOFT".into(),
            kvp: Some(120.0),
            ..ScanNotes::default()
        });
        let text = serde_json::to_string(&slice).unwrap();
        assert!(text.contains(r#""scan":{"kernel":"SOFT","kvp":120.0}"#), "{text}");
        assert_eq!(serde_json::from_str::<Slice>(&text).unwrap(), slice);
    }
}
