//! How far each exam is from the training data: the columns that say so.

use ichflow_api::data::profile::{DataProfile, ExamNovelty, HeaderField, Limits};
use ichflow_api::prelude::*;
use serde_json::{Map, Value, json};

use super::rows::Row;

/// The column with how far a slice is from the training data.
pub(crate) const SLICE_DISTANCE: &str = "slice_distance";
/// The column with how far its exam is.
pub(crate) const EXAM_DISTANCE: &str = "exam_distance";
/// The column with how far its exam's histogram of HU is.
pub(crate) const EXAM_HU_INDEX: &str = "exam_hu_index";
/// The column with why its exam is flagged.
pub(crate) const FLAGS: &str = "unlike_training";

/// The exams of a call beside the training data of the bundle.
pub(crate) struct OutOfDistribution {
    limits: Limits,
    exams: Vec<ExamNovelty>,
    /// The exam of every row, if it has one.
    exam_of_row: Vec<Option<usize>>,
}

impl OutOfDistribution {
    /// Puts the readings of the rows together to exams. `slices` are those that were to be predicted: their ids are the
    /// numbers of their rows.
    ///
    /// # Errors
    /// Where readings cannot be held against the profile.
    pub(crate) fn new(profile: &DataProfile, rows: &[Row], slices: &[Slice]) -> Result<Self> {
        let row_of = |slice: &Slice| slice.id.parse::<usize>().ok();
        let read: Vec<(usize, &Slice)> = slices
            .iter()
            .filter_map(|slice| Some((row_of(slice)?, slice)))
            .filter(|(row, _)| rows.get(*row).is_some_and(|row| row.reading.is_some()))
            .collect();
        let pairs = read
            .iter()
            .filter_map(|(row, slice)| Some((*slice, rows[*row].reading.as_ref()?)));
        let exams = profile.exams(pairs)?;
        let mut exam_of_row = vec![None; rows.len()];
        for (number, exam) in exams.iter().enumerate() {
            for slice in &exam.slices {
                exam_of_row[read[*slice].0] = Some(number);
            }
        }
        Ok(Self {
            limits: profile.limits,
            exams,
            exam_of_row,
        })
    }

    /// Names of the columns.
    pub(crate) fn head() -> Vec<String> {
        let own = [SLICE_DISTANCE, EXAM_DISTANCE, EXAM_HU_INDEX, FLAGS];
        let fields = HeaderField::ALL.map(HeaderField::name);
        own.into_iter().chain(fields).map(str::to_owned).collect()
    }

    /// The fields of a row, by its number.
    pub(crate) fn fields(&self, number: usize, row: &Row) -> Vec<String> {
        let Some((exam, distance)) = self.of_row(number, row) else {
            return vec![String::new(); Self::head().len()];
        };
        let own = [
            distance.to_string(),
            exam.distance.to_string(),
            exam.hu_index.to_string(),
            exam.reasons(&self.limits).join(" "),
        ];
        own.into_iter().chain(exam.facts.0.clone()).collect()
    }

    /// The same as JSON; null for a row without an exam.
    pub(crate) fn json(&self, number: usize, row: &Row) -> Value {
        let Some((exam, distance)) = self.of_row(number, row) else {
            return Value::Null;
        };
        let mut object = Map::new();
        object.insert(SLICE_DISTANCE.into(), distance.into());
        object.insert(EXAM_DISTANCE.into(), exam.distance.into());
        object.insert(EXAM_HU_INDEX.into(), exam.hu_index.into());
        object.insert(FLAGS.into(), json!(exam.reasons(&self.limits)));
        for field in HeaderField::ALL {
            object.insert(field.name().into(), exam.facts.get(field).into());
        }
        object.into()
    }

    /// What a person should know, if any exam is flagged.
    pub(crate) fn told(&self) -> Option<String> {
        let flagged: Vec<&ExamNovelty> = self
            .exams
            .iter()
            .filter(|exam| exam.is_flagged(&self.limits))
            .collect();
        let first = flagged.first()?;
        Some(format!(
            "{} of {} unlike the training data, the first for {}: see the column `{FLAGS}`. What the model says of them \
             may be right; nobody has measured it on such exams.",
            flagged.len(),
            match self.exams.len() {
                1 => "1 exam is".to_owned(),
                count => format!("{count} exams are"),
            },
            first.reasons(&self.limits).join(", "),
        ))
    }

    fn of_row(&self, number: usize, row: &Row) -> Option<(&ExamNovelty, f64)> {
        let exam = self.exams.get((*self.exam_of_row.get(number)?)?)?;
        Some((exam, row.reading.as_ref()?.distance))
    }
}
