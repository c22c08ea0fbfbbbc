//! A cohort: the slices a run works on, described but not decoded.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::digest::sha256;
use crate::error::{Result, ResultExt};
use crate::labels::{self, LABELS, Labels};
use crate::ports::Artifact;

/// What a slice's header says that windowing may need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SliceTags {
    /// WindowCenter (0028,1050), first value, in HU.
    pub window_center: Option<f32>,
    /// WindowWidth (0028,1051), first value, in HU.
    pub window_width: Option<f32>,
}

/// How a slice's numbers are stored: scanners differ, and so do the mistakes they cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StorageStyle {
    /// BitsStored (0028,0101).
    pub bits_stored: u16,
    /// PixelRepresentation (0028,0103): whether stored values are two's complement.
    pub signed: bool,
    /// RescaleIntercept (0028,1052).
    pub rescale_intercept: f32,
    /// RescaleSlope (0028,1053).
    pub rescale_slope: f32,
}

/// One slice of a head CT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// Unique name: the competition's `ID_…`, or one derived from the file.
    pub id: String,
    /// The DICOM file.
    pub file: PathBuf,
    /// Frame within the file, from 0.
    pub frame: u32,
    /// PatientID as stored.
    pub patient: String,
    /// StudyInstanceUID as stored.
    pub study: String,
    /// SeriesInstanceUID as stored.
    pub series: String,
    /// Position along the normal of the image plane, in mm; slices of a series sort by it.
    pub position_mm: Option<f64>,
    /// Rows of the stored image.
    pub rows: u32,
    /// Columns of the stored image.
    pub columns: u32,
    /// What windowing may need of the header.
    pub tags: SliceTags,
    /// How the numbers are stored.
    pub style: StorageStyle,
    /// The truth, where it is known.
    pub labels: Option<Labels>,
}

/// Slices in a fixed order, with unique ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    /// The slices.
    pub slices: Vec<Slice>,
    /// What the loader noticed on the way, in words: duplicates removed, labels without images.
    pub remarks: Vec<String>,
}

impl Artifact for Cohort {
    const NAME: &'static str = "cohort";
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
            remarks: self.remarks.clone(),
        }
    }

    /// Number of positives of each label, in the order of [`LABELS`], over the slices with labels.
    pub fn positives(&self) -> [usize; labels::COUNT] {
        let mut counts = [0; labels::COUNT];
        for truth in self.slices.iter().filter_map(|slice| slice.labels) {
            for (count, positive) in counts.iter_mut().zip(truth) {
                *count += usize::from(positive);
            }
        }
        counts
    }

    /// Number of different patients.
    pub fn patients(&self) -> usize {
        self.slices
            .iter()
            .map(|slice| slice.patient.as_str())
            .collect::<std::collections::BTreeSet<_>>()
            .len()
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
    writer
        .write_record(head.iter().chain(LABELS.iter()))
        .at("write", &path)?;
    for (part, cohort) in parts {
        for slice in &cohort.slices {
            let truth = slice.labels.map_or([""; labels::COUNT], |truth| {
                truth.map(|positive| if positive { "1" } else { "0" })
            });
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
                .write_record(fields.iter().map(String::as_str).chain(truth))
                .at("write", &path)?;
        }
    }
    writer.flush().at("write", &path)?;
    let bytes = std::fs::read(&path).at("read", &path)?;
    context.record_fact("cohort_sha256", sha256(&bytes).into());
    Ok(())
}
