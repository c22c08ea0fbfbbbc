//! Whole exams of CSV files: which slices belong together, as `aggregate` has it, and what is true of them.

use std::collections::HashMap;
use std::path::PathBuf;

use ichflow_api::data::exams::exams_of;
use ichflow_api::data::identity::Subject;
use ichflow_api::prelude::*;

use crate::table::Table;

/// An exam whose truth is known.
pub(crate) struct KnownExam {
    /// Its name: that of its series, study or patient.
    pub id: String,
    /// Whose it is; none where the file does not say.
    pub patient: Option<String>,
    /// Ids of its slices.
    pub slices: Vec<String>,
    /// What is true of it.
    pub truth: Labels,
}

impl KnownExam {
    /// The highest probability of its slices, label by label, of those that have one, and how many have none; `None`
    /// where no slice has one.
    pub(crate) fn highest(&self, rows: &HashMap<&str, Vec<f64>>) -> (Option<Vec<f64>>, usize) {
        let found: Vec<&Vec<f64>> = self
            .slices
            .iter()
            .filter_map(|slice| rows.get(slice.as_str()))
            .collect();
        let missing = self.slices.len() - found.len();
        let highest = found.into_iter().cloned().reduce(|mut highest, row| {
            for (highest, other) in highest.iter_mut().zip(row) {
                *highest = highest.max(other);
            }
            highest
        });
        (highest, missing)
    }
}

/// The exams of a truth. `patients` says whose each slice is, where the file does not.
///
/// # Errors
/// Where the file does not say which slices belong together, or a truth is neither 0 nor 1.
pub(crate) fn known_exams(
    truth: &Table,
    level: Level,
    patients: Option<&HashMap<String, String>>,
) -> Result<Vec<KnownExam>> {
    let known: HashMap<&str, Labels> = truth.labels()?.into_iter().collect();
    let places = truth.places();
    let of_patient = |id: &str, own: Option<&str>| {
        let given = patients.and_then(|patients| patients.get(id)).cloned();
        given.or_else(|| own.map(str::to_owned))
    };
    let says_whose = places
        .iter()
        .all(|place| of_patient(place.id, place.patient).is_some());
    let says = places.iter().all(|place| match level {
        Level::Slice => true,
        Level::Series => place.series.is_some(),
        Level::Study => place.study.is_some(),
        Level::Patient => says_whose,
    });
    if !says {
        return Err(Error::new(format!(
            "{} does not say which slices belong to one {level}",
            truth.path().display()
        ))
        .help(format!(
            "give it a column `{level}` beside `id`, or use a run's cohort.csv, which has `patient`, `study` and `series`"
        )));
    }
    let slices: Vec<Slice> = places
        .iter()
        .map(|place| Slice {
            id: place.id.to_owned(),
            file: PathBuf::new(),
            frame: 0,
            patient: of_patient(place.id, place.patient).unwrap_or_default(),
            study: place.study.unwrap_or_default().to_owned(),
            series: place.series.unwrap_or_default().to_owned(),
            instance: String::new(),
            accession: String::new(),
            position_mm: place.position_mm,
            rows: 0,
            columns: 0,
            tags: Default::default(),
            encoding: Default::default(),
            header: Default::default(),
            scan: Default::default(),
            labels: known.get(place.id).cloned(),
        })
        .collect();
    let exams = exams_of(&slices, level, Level::Slice).into_iter();
    Ok(exams
        .filter_map(|exam| {
            let first = &slices[*exam.slices.first()?];
            Some(KnownExam {
                id: exam.id,
                patient: says_whose.then(|| Subject::of(first).to_string()),
                slices: exam
                    .slices
                    .iter()
                    .map(|index| slices[*index].id.clone())
                    .collect(),
                truth: exam.truth?,
            })
        })
        .collect())
}
