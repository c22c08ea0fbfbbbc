//! A cohort: the slices a run works on, described but not decoded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::data::labels::{LabelSet, Labels, Level};
use crate::data::scan::{ScanNotes, shared};
use crate::data::subject::Subject;
use crate::digest::{Digest, sha256};
use crate::error::{Result, ResultExt};
use crate::ports::Artifact;

/// What a slice's header says that windowing may need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SliceTags {
    /// WindowCenter (0028,1050), first value, in HU.
    pub window_center: Option<f32>,
    /// WindowWidth (0028,1051), first value, in HU.
    pub window_width: Option<f32>,
    /// The first table of its VOI LUT Sequence (0028,3010); of head CT very few files have one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "shared_lut")]
    pub voi_lut: Option<Arc<VoiLut>>,
    /// Whether the lowest value is shown white (PhotometricInterpretation MONOCHROME1).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inverted: bool,
}

/// A table from HU to brightness (PS3.3 C.11.2.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiLut {
    /// The HU of the first entry; HU below it have the first entry, HU beyond the last the last.
    pub first_hu: i32,
    /// White is `2^bits − 1`.
    pub bits: u16,
    /// One entry for each HU.
    pub values: Vec<u16>,
}

/// A table that slices share in memory is written out for each.
mod shared_lut {
    use super::{Arc, VoiLut};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        lut: &Option<Arc<VoiLut>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        lut.as_deref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Arc<VoiLut>>, D::Error> {
        Ok(Option::<VoiLut>::deserialize(deserializer)?.map(Arc::new))
    }
}

/// How a slice's numbers are stored: scanners differ, and so do the mistakes they cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PixelEncoding {
    /// BitsStored (0028,0101).
    pub bits_stored: u16,
    /// PixelRepresentation (0028,0103): whether stored values are two's complement.
    pub signed: bool,
    /// RescaleIntercept (0028,1052).
    pub rescale_intercept: f32,
    /// RescaleSlope (0028,1053).
    pub rescale_slope: f32,
}

impl PixelEncoding {
    /// "12 bits, unsigned, intercept −1024". Encodings that differ have texts that differ.
    pub fn in_words(&self) -> String {
        if self.bits_stored == 0 {
            return "unknown".into();
        }
        let sign = if self.signed { "signed" } else { "unsigned" };
        let exact = |value: f32| value.to_string().replace('-', "−");
        let mut text = format!(
            "{} bits, {sign}, intercept {}",
            self.bits_stored,
            exact(self.rescale_intercept)
        );
        if self.rescale_slope != 1.0 {
            text += &format!(", slope {}", exact(self.rescale_slope));
        }
        text
    }
}

/// What orders slices of a series that have no position, or the same position at several times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SliceOrder {
    /// InstanceNumber (0020,0013).
    pub instance: Option<i32>,
    /// AcquisitionNumber (0020,0012).
    pub acquisition: Option<i32>,
    /// TemporalPositionIdentifier (0020,0100).
    pub temporal: Option<i32>,
    /// AcquisitionTime (0008,0032), as a number of the digits HHMMSS.
    pub time: Option<f64>,
    /// Whether the slice's position is its SliceLocation (0020,1041): it counts from where its writer liked.
    pub is_slice_location: bool,
}

impl SliceOrder {
    fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// What a header says beside that: what a person looking over the data wants to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeaderNotes {
    /// PixelSpacing (0028,0030): between rows and between columns, in mm.
    pub spacing_mm: Option<[f32; 2]>,
    /// SliceThickness (0018,0050), in mm.
    pub thickness_mm: Option<f32>,
    /// ImageOrientationPatient (0020,0037): directions of a row and of a column.
    pub orientation: Option<[f32; 6]>,
    /// Number of windows in WindowCenter and WindowWidth.
    pub windows: u16,
    /// PixelPaddingValue (0028,0120), as a stored value.
    pub padding: Option<f32>,
    /// Whether the file has a slope or an intercept; without them stored values count as HU.
    pub rescale_stated: bool,
    /// What orders the slice where positions do not.
    #[serde(default, skip_serializing_if = "SliceOrder::is_unknown")]
    pub order: SliceOrder,
}

impl HeaderNotes {
    /// How far the image plane leans out of the transverse plane about the patient's left-right axis, in
    /// degrees: the gantry tilt.
    pub fn tilt_degrees(&self) -> Option<f32> {
        let [_, _, _, _, y, z] = self.orientation?;
        Some(z.atan2(y).to_degrees())
    }
}

/// One slice of a head CT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// Unique name: the competition's `ID_…`, or one derived from the file.
    pub id: String,
    /// The DICOM file.
    #[serde(with = "crate::path_text")]
    pub file: PathBuf,
    /// Frame within the file, from 0.
    pub frame: u32,
    /// PatientID as stored.
    pub patient: String,
    /// StudyInstanceUID as stored.
    pub study: String,
    /// SeriesInstanceUID as stored.
    pub series: String,
    /// SOPInstanceUID as stored; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
    /// AccessionNumber as stored, by which a hospital knows the exam; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub accession: String,
    /// Position along the normal of the image plane, in mm, or SliceLocation where there is none; slices of a series sort
    /// by it.
    pub position_mm: Option<f64>,
    /// Rows of the stored image.
    pub rows: u32,
    /// Columns of the stored image.
    pub columns: u32,
    /// What windowing may need of the header.
    pub tags: SliceTags,
    /// How the numbers are stored.
    pub encoding: PixelEncoding,
    /// What else its header says.
    #[serde(default)]
    pub header: HeaderNotes,
    /// How it was taken, and of whom; slices of a series share it.
    #[serde(default, skip_serializing_if = "shared::is_empty", with = "shared")]
    pub scan: Arc<ScanNotes>,
    /// The truth, where it is known.
    pub labels: Option<Labels>,
}

impl<'a> Subject<'a> {
    /// The subject of a slice.
    pub fn of(slice: &'a Slice) -> Self {
        Self::new(&slice.patient, &slice.study, &slice.id)
    }
}

/// Slices in a fixed order, with unique ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    /// The labels that truth is about.
    #[serde(default)]
    pub labels: LabelSet,
    /// What truth is about: where it is above the slice, every slice of a series, study or patient has that unit's.
    #[serde(default)]
    pub level: Level,
    /// The slices.
    pub slices: Vec<Slice>,
    /// What the loader noticed on the way, in words: duplicates removed, labels without images.
    pub remarks: Vec<String>,
}

impl Artifact for Cohort {
    const NAME: &'static str = "cohort";

    /// Every slice with all that is known of it, except where its file lies: data that moved is the same.
    fn digest(&self) -> Option<String> {
        let mut digest = Digest::new();
        digest.add(serde_json::to_vec(&(&self.labels, self.level)).ok()?);
        for slice in &self.slices {
            let moved = Slice {
                file: PathBuf::new(),
                ..slice.clone()
            };
            digest.add(serde_json::to_vec(&moved).ok()?);
        }
        Some(digest.hex())
    }
}

impl Cohort {
    /// Number of slices.
    pub fn len(&self) -> usize {
        self.slices.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// The cohort without the slices for which `keep` is false; remarks stay.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&Slice) -> bool) -> Self {
        Self {
            slices: self.slices.iter().filter(|slice| keep(slice)).cloned().collect(),
            labels: self.labels.clone(),
            level: self.level,
            remarks: self.remarks.clone(),
        }
    }

    /// Number of positives of each label over the slices with labels.
    pub fn positives(&self) -> Vec<usize> {
        let mut counts = vec![0; self.labels.len()];
        for truth in self.truths() {
            for (label, count) in counts.iter_mut().enumerate() {
                *count += usize::from(truth.is_positive(label));
            }
        }
        counts
    }

    /// Truth of the slices that have any, in order.
    pub fn truths(&self) -> impl Iterator<Item = &Labels> {
        self.slices.iter().filter_map(|slice| slice.labels.as_ref())
    }

    /// The cohort as it is, with other slices and no remark.
    #[must_use]
    pub fn with_slices(&self, slices: Vec<Slice>) -> Self {
        Self {
            slices,
            labels: self.labels.clone(),
            level: self.level,
            remarks: Vec::new(),
        }
    }

    /// Number of different patients; where headers name none, of studies or slices (see [`Subject`]).
    pub fn patients(&self) -> usize {
        let subjects: BTreeSet<_> = self.slices.iter().map(Subject::of).collect();
        subjects.len()
    }

    /// Index of each slice by its id.
    pub fn index(&self) -> BTreeMap<&str, usize> {
        self.slices
            .iter()
            .enumerate()
            .map(|(index, slice)| (slice.id.as_str(), index))
            .collect()
    }
}

/// Writes `cohort.csv` into the run directory, the usable slices of every part, training first, and
/// records its digest.
///
/// # Errors
/// Where the file cannot be written.
pub fn record(context: &Context, parts: &[(&str, &Cohort)]) -> Result<()> {
    let path = context.shared_file("cohort.csv")?;
    let mut writer = csv::Writer::from_path(&path).at("write", &path)?;
    let head = [
        "id",
        "part",
        "file",
        "frame",
        "patient",
        "study",
        "series",
        "position_mm",
        "rows",
        "columns",
    ];
    let names = parts
        .first()
        .map_or_else(LabelSet::default, |(_, cohort)| cohort.labels.clone());
    let names = names.names().iter().map(String::as_str);
    writer
        .write_record(head.iter().copied().chain(names))
        .at("write", &path)?;
    for (part, cohort) in parts {
        for slice in &cohort.slices {
            let value = |label| slice.labels.as_ref()?.value(label);
            let truth: Vec<String> = (0..cohort.labels.len())
                .map(|label| value(label).map_or(String::new(), |value| value.to_string()))
                .collect();
            let fields = [
                slice.id.clone(),
                (*part).to_owned(),
                slice.file.display().to_string(),
                slice.frame.to_string(),
                slice.patient.clone(),
                slice.study.clone(),
                slice.series.clone(),
                slice.position_mm.map_or(String::new(), |z| z.to_string()),
                slice.rows.to_string(),
                slice.columns.to_string(),
            ];
            writer
                .write_record(fields.iter().chain(&truth))
                .at("write", &path)?;
        }
    }
    writer.flush().at("write", &path)?;
    let bytes = std::fs::read(&path).at("read", &path)?;
    context.record_fact("cohort_sha256", sha256(&bytes).into());
    if let Some((_, cohort)) = parts.first() {
        let about = serde_json::json!({ "labels": cohort.labels, "level": cohort.level });
        context.record_fact("cohort_labels", about);
    }
    Ok(())
}
