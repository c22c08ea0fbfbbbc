//! Predicted probabilities of slices, and their CSV form.

use std::path::Path;

use crate::data::cohort::{Cohort, Slice};
use crate::data::labels::{COUNT, LABELS, Labels};
use crate::error::{Error, Result, ResultExt};
use crate::ports::Artifact;

/// Probabilities of some slices, in the order of [`LABELS`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// The slices.
    pub slices: Vec<Slice>,
    /// Six probabilities per slice.
    pub probabilities: Vec<[f64; COUNT]>,
}

impl Artifact for Predictions {
    const NAME: &'static str = "predictions";
}

impl Predictions {
    /// The slices whose truth is known, with it.
    pub fn with_truth(&self) -> impl Iterator<Item = (&Slice, &[f64; COUNT], Labels)> {
        self.slices
            .iter()
            .zip(&self.probabilities)
            .filter_map(|(slice, probabilities)| slice.labels.map(|truth| (slice, probabilities, truth)))
    }

    /// Writes `id,any,epidural,…`; numbers are written so that they read back bit for bit.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        let mut writer = csv::Writer::from_path(path).at("write", path)?;
        writer
            .write_record(std::iter::once("id").chain(LABELS))
            .at("write", path)?;
        for (slice, probabilities) in self.slices.iter().zip(&self.probabilities) {
            let numbers = probabilities.map(|p| p.to_string());
            writer
                .write_record(std::iter::once(slice.id.as_str()).chain(numbers.iter().map(String::as_str)))
                .at("write", path)?;
        }
        writer.flush().at("write", path)
    }

    /// Reads back what [`Predictions::write_csv`] wrote, for slices of `cohort`.
    ///
    /// # Errors
    /// Where the file cannot be read, or is not what was written for this cohort.
    pub fn read_csv(path: &Path, cohort: &Cohort) -> Result<Self> {
        let index = cohort.index();
        let mut reader = csv::Reader::from_path(path).at("read", path)?;
        let mut predictions = Self::default();
        for row in reader.records() {
            let row = row.at("read", path)?;
            let bad = || {
                Error::new(format!(
                    "{}: line {} is not a prediction",
                    path.display(),
                    row.position().map_or(0, csv::Position::line)
                ))
            };
            let slice = row.get(0).and_then(|id| index.get(id)).ok_or_else(bad)?;
            let mut probabilities = [0.0; COUNT];
            for (label, value) in probabilities.iter_mut().enumerate() {
                *value = row
                    .get(label + 1)
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(bad)?;
            }
            predictions.slices.push(cohort.slices[*slice].clone());
            predictions.probabilities.push(probabilities);
        }
        Ok(predictions)
    }
}
