//! Predicted probabilities of slices, and their CSV form.

use std::collections::BTreeSet;
use std::path::Path;

use crate::data::cohort::{Cohort, Slice};
use crate::data::labels::{LabelSet, Labels, Level};
use crate::data::trained_on::TrainedOn;
use crate::error::{Error, Result, ResultExt};
use crate::ports::Artifact;

/// Probabilities of some slices, or of whole exams.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// The labels that the probabilities are about.
    pub labels: LabelSet,
    /// What the truth is about: where it is above the slice, a slice has its exam's.
    pub level: Level,
    /// What a row is about. Where that is not a slice, one slice of the exam stands for it, under the exam's name as its
    /// id and with the exam's truth.
    pub unit: Level,
    /// The slices, or one slice an exam.
    pub slices: Vec<Slice>,
    /// One row for each, one probability per label.
    pub probabilities: Vec<Vec<f64>>,
    /// Ids of those slices that a network behind the probabilities was trained on.
    pub in_fold: BTreeSet<String>,
}

impl Artifact for Predictions {
    const NAME: &'static str = "predictions";
}

impl Predictions {
    /// The slices whose truth is known, with it.
    pub fn with_truth(&self) -> impl Iterator<Item = (&Slice, &[f64], &Labels)> {
        self.slices
            .iter()
            .zip(&self.probabilities)
            .filter_map(|(slice, probabilities)| {
                let truth = slice.labels.as_ref()?;
                Some((slice, probabilities.as_slice(), truth))
            })
    }

    /// No prediction yet of a cohort's slices.
    pub fn none_of(cohort: &Cohort) -> Self {
        Self {
            labels: cohort.labels.clone(),
            level: cohort.level,
            ..Self::default()
        }
    }

    /// Says that rows can be held against the truth one by one.
    ///
    /// # Errors
    /// Where the truth is known of exams and rows are of slices.
    pub fn check_truth(&self) -> Result<()> {
        if self.unit == self.level {
            return Ok(());
        }
        Err(Error::new(format!(
            "the truth is known of each {} and not of each {}, so predictions of {} cannot be held against it",
            self.level,
            self.unit,
            self.unit.plural()
        ))
        .help(format!(
            "put `use = \"aggregate\"` with `level = \"{}\"` before this stage, and wire `valid` to its `exams`",
            self.level
        )))
    }

    /// Says that rows are of slices.
    ///
    /// # Errors
    /// Where they are of exams.
    pub fn check_of_slices(&self, what: &str) -> Result<()> {
        if self.unit == Level::Slice {
            return Ok(());
        }
        Err(Error::new(format!(
            "{what} needs predictions of slices, and these are of {}",
            self.unit.plural()
        ))
        .help("wire it to the stage that predicts slices, such as `test = \"predict\"`"))
    }

    /// The same slices with other probabilities.
    #[must_use]
    pub fn with_rows(&self, probabilities: Vec<Vec<f64>>) -> Self {
        Self {
            labels: self.labels.clone(),
            level: self.level,
            unit: self.unit,
            slices: self.slices.clone(),
            probabilities,
            in_fold: self.in_fold.clone(),
        }
    }

    /// The same, made with a network that was trained on some slices.
    #[must_use]
    pub fn made_by(mut self, trained_on: &TrainedOn) -> Self {
        let seen = self.slices.iter().filter(|slice| trained_on.has(slice));
        self.in_fold.extend(seen.map(|slice| slice.id.clone()));
        self
    }

    /// An error if something would be fitted to probabilities of slices that a network was trained on: it is surer of
    /// these, and more often right, than it will be of any other slice.
    ///
    /// # Errors
    /// Where some slices are such.
    pub fn refuse_in_fold(&self) -> Result<()> {
        let count = self
            .slices
            .iter()
            .filter(|slice| self.in_fold.contains(&slice.id))
            .count();
        if count == 0 {
            return Ok(());
        }
        Err(Error::new(format!(
            "{count} of {} slices are some that the network was trained on: it is surer of them than of others, and \
             what is fitted to its probabilities of them fits no others",
            self.slices.len()
        ))
        .help("predict the validation fold that the network was trained with: wire `folds` to the same split"))
    }

    /// The slices of which a label is known: their places, the truth and the probability.
    pub fn known(&self, label: usize) -> impl Iterator<Item = (usize, bool, f64)> + '_ {
        let rows = self.slices.iter().zip(&self.probabilities).enumerate();
        rows.filter_map(move |(index, (slice, row))| {
            Some((index, slice.labels.as_ref()?.positive(label)?, *row.get(label)?))
        })
    }

    /// Writes `id,any,epidural,…`; numbers are written so that they read back bit for bit.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        let mut writer = csv::Writer::from_path(path).at("write", path)?;
        writer
            .write_record(std::iter::once("id").chain(self.labels.names().iter().map(String::as_str)))
            .at("write", path)?;
        for (slice, probabilities) in self.slices.iter().zip(&self.probabilities) {
            let numbers: Vec<String> = probabilities.iter().map(f64::to_string).collect();
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
        let mut predictions = Self::none_of(cohort);
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
            let value = |label| row.get(label + 1)?.parse().ok();
            let probabilities = (0..cohort.labels.len())
                .map(|label| value(label).ok_or_else(bad))
                .collect::<Result<_>>()?;
            predictions.slices.push(cohort.slices[*slice].clone());
            predictions.probabilities.push(probabilities);
        }
        Ok(predictions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::slice;

    #[test]
    fn slices_that_were_trained_on_are_told_of_whatever_follows() {
        let predictions = Predictions {
            slices: vec![slice("a", "p", None), slice("b", "p", None)],
            probabilities: vec![vec![0.5; 6]; 2],
            ..Predictions::default()
        };
        predictions.refuse_in_fold().unwrap();
        let made = predictions.made_by(&TrainedOn::ids(["b", "elsewhere"]));
        let changed = made.with_rows(vec![vec![0.25; 6]; 2]);
        let said = changed.refuse_in_fold().unwrap_err().to_string();
        assert!(said.starts_with("1 of 2 slices"), "{said}");
    }
}
