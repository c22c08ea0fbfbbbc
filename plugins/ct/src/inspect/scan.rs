//! How a file was taken, and of whom, as far as it may be shown.

use ichflow_api::data::scan::ScanNotes;
use ichflow_api::prelude::*;

/// How a file was taken, and of whom; what its header does not say is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scan {
    /// Modality.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub modality: String,
    /// ImageType.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_type: Vec<String>,
    /// Manufacturer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub manufacturer: String,
    /// ManufacturerModelName.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// ConvolutionKernel.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kernel: String,
    /// KVP, in kV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kvp: Option<f32>,
    /// ContrastBolusAgent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub contrast_agent: String,
    /// BodyPartExamined.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body_part: String,
    /// The band that the patient's age lies in; the age itself is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<&'static str>,
    /// PatientSex.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sex: String,
    /// SeriesDescription and ProtocolName: people write names into them, so they are there only when asked for.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub free_text: Option<FreeText>,
}

/// What people write as they like.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FreeText {
    /// SeriesDescription.
    pub series_description: String,
    /// ProtocolName.
    pub protocol: String,
}

impl Scan {
    /// What may be shown of some notes, and free text.
    pub(super) fn of(notes: &ScanNotes) -> Self {
        Self {
            modality: notes.modality.clone(),
            image_type: notes.image_type.clone(),
            manufacturer: notes.manufacturer.clone(),
            model: notes.model.clone(),
            kernel: notes.kernel.clone(),
            kvp: notes.kvp,
            contrast_agent: notes.contrast_agent.clone(),
            body_part: notes.body_part.clone(),
            age: notes.age_band(),
            sex: notes.sex.clone(),
            free_text: Some(FreeText {
                series_description: notes.series_description.clone(),
                protocol: notes.protocol.clone(),
            }),
        }
    }

    /// Rows for people: a name and a value each.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let words = |words: &[&str]| {
            let known: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
            known.join(", ")
        };
        let free = self.free_text.clone().unwrap_or_default();
        let kvp = self.kvp.map_or(String::new(), |kv| format!("{kv} kV"));
        let kernel = match self.kernel.as_str() {
            "" => String::new(),
            kernel => format!("kernel {kernel}"),
        };
        let rows = [
            ("image type", self.image_type.join(", ")),
            ("scanner", words(&[&self.manufacturer, &self.model])),
            ("taken with", words(&[&kvp, &kernel])),
            ("contrast", self.contrast_agent.clone()),
            ("body part", self.body_part.clone()),
            ("patient", words(&[&self.sex, self.age.unwrap_or_default()])),
            ("series", free.series_description),
            ("protocol", free.protocol),
        ];
        rows.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}
