//! The validation predictions behind a run's score, for pairing with those of another run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ichflow_api::data::comparison::{Measured, PartMeasured};
use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::labels::{LabelSet, Labels, Level};
use ichflow_api::metrics;

use crate::exams::known_exams;
use crate::table::Table;

/// Truth and probabilities of the slices a run was judged on.
pub(super) struct Validation {
    /// Ids in the order of the predictions.
    pub ids: Vec<String>,
    /// Truth, probabilities and patients, in the same order.
    pub labelled: LabelledPredictions,
}

impl Validation {
    /// The probabilities of `other` in the order of these slices; `None` if it was not judged on the same
    /// slices with the same truth.
    pub(super) fn rows_of(&self, other: &Self) -> Option<Vec<Vec<f64>>> {
        if self.ids.len() != other.ids.len() {
            return None;
        }
        let rows: HashMap<&str, (&Labels, &Vec<f64>)> = other
            .ids
            .iter()
            .map(String::as_str)
            .zip(other.labelled.truth.iter().zip(&other.labelled.probabilities))
            .collect();
        self.ids
            .iter()
            .zip(&self.labelled.truth)
            .map(|(id, truth)| {
                let (theirs, row) = rows.get(id.as_str())?;
                (*theirs == truth).then(|| (*row).clone())
            })
            .collect()
    }

    /// How many slices both were judged on.
    pub(super) fn shared(&self, other: &Self) -> usize {
        let theirs: std::collections::HashSet<&str> = other.ids.iter().map(String::as_str).collect();
        self.ids.iter().filter(|id| theirs.contains(id.as_str())).count()
    }
}

/// Reads the predictions of slices that were measured. The error says why they cannot be paired with others.
pub(super) fn read(
    directory: &Path,
    recipe: &toml::Table,
    measured: &Measured,
) -> Result<Validation, String> {
    if !measured.unit.is_slice() {
        return read_exams(directory, measured.unit, &measured.valid, measured);
    }
    let predictions = predictions_file(directory, recipe);
    let labels_of = &measured.label_set;
    let predicted = Table::read(&predictions, labels_of).map_err(|error| error.chain())?;
    let probabilities = predicted.probabilities().map_err(|error| error.chain())?;
    let cohort = Table::read(&directory.join("cohort.csv"), labels_of).map_err(|error| error.chain())?;
    let truth = cohort.labels().map_err(|error| error.chain())?;
    let patients = cohort
        .patients()
        .ok_or_else(|| "cohort.csv does not say whose slices they are".to_owned())?;
    let known = truth.into_iter().map(|(id, labels)| {
        let whose = patients.get(id).map_or(id, String::as_str);
        (id.to_owned(), whose.to_owned(), labels)
    });
    let found = Validation::of(known, &probabilities, Level::Slice, labels_of);
    match found.scores(&measured.valid, measured.eps) {
        true => Ok(found),
        false => Err(format!(
            "{} does not give the score of metrics.json",
            predictions
                .strip_prefix(directory)
                .unwrap_or(&predictions)
                .display()
        )),
    }
}

/// Reads the predictions of whole exams that were measured, whichever stage wrote them.
pub(super) fn read_exams(
    directory: &Path,
    unit: Level,
    part: &PartMeasured,
    measured: &Measured,
) -> Result<Validation, String> {
    let labels_of = &measured.label_set;
    let cohort = Table::read(&directory.join("cohort.csv"), labels_of).map_err(|error| error.chain())?;
    let exams = known_exams(&cohort, unit, None).map_err(|error| error.chain())?;
    for path in exam_files(directory) {
        let Ok(predicted) = Table::read(&path, labels_of) else {
            continue;
        };
        let Ok(probabilities) = predicted.probabilities() else {
            continue;
        };
        let known = exams.iter().map(|exam| {
            let whose = exam.patient.clone().unwrap_or_else(|| exam.id.clone());
            (exam.id.clone(), whose, exam.truth.clone())
        });
        let found = Validation::of(known, &probabilities, unit, labels_of);
        if found.scores(part, measured.eps) {
            return Ok(found);
        }
    }
    Err(format!(
        "no predictions of {} in it give the score of metrics.json",
        unit.plural()
    ))
}

impl Validation {
    /// Of what has a truth, with its id and patient, those that were predicted.
    fn of(
        known: impl Iterator<Item = (String, String, Labels)>,
        probabilities: &HashMap<&str, Vec<f64>>,
        unit: Level,
        labels: &LabelSet,
    ) -> Self {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut found = Self {
            ids: Vec::new(),
            labelled: LabelledPredictions {
                unit,
                labels: labels.clone(),
                ..LabelledPredictions::default()
            },
        };
        for (id, patient, truth) in known {
            let Some(row) = probabilities.get(id.as_str()) else {
                continue;
            };
            let next = numbers.len();
            found
                .labelled
                .patient
                .push(*numbers.entry(patient).or_insert(next));
            found.ids.push(id);
            found.labelled.truth.push(truth);
            found.labelled.probabilities.push(row.clone());
        }
        found.labelled.patients = numbers.len();
        found
    }

    /// Whether these are the predictions that were measured: the score is the judge of that.
    fn scores(&self, part: &PartMeasured, eps: f64) -> bool {
        let LabelledPredictions {
            truth,
            probabilities,
            labels,
            ..
        } = &self.labelled;
        let again = metrics::weighted_log_loss(truth, probabilities, labels.weights(), eps);
        let score = part.weighted_log_loss;
        again.is_some_and(|again| (again - score).abs() <= 1e-9 * score.abs().max(1.0))
    }
}

/// Files that may hold predictions of exams: `aggregate` writes `predictions/exams.csv`, what refines them
/// `predictions/valid.csv`, a second stage under its own name.
fn exam_files(directory: &Path) -> Vec<PathBuf> {
    let inside = std::fs::read_dir(directory).into_iter().flatten();
    let mut homes: Vec<PathBuf> = inside
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    homes.sort();
    homes.insert(0, directory.to_owned());
    let names = ["exams.csv", "valid.csv"];
    let files = homes
        .iter()
        .flat_map(|home| names.map(|name| home.join("predictions").join(name)));
    files.filter(|path| path.is_file()).collect()
}

/// The file of the predictions that the first `evaluate` measured. The first stage that predicts writes
/// `predictions/valid.csv`; a later one writes under its own name.
fn predictions_file(directory: &Path, recipe: &toml::Table) -> PathBuf {
    let text = |table: &toml::Table, key: &str| table.get(key)?.as_str().map(str::to_owned);
    let measured = recipe
        .values()
        .filter_map(toml::Value::as_table)
        .find(|table| text(table, "use").as_deref() == Some("evaluate"))
        .and_then(|table| text(table, "valid"));
    let own = measured.and_then(|source| {
        let (stage, _port) = source.split_once('.')?;
        Some(directory.join(stage).join("predictions/valid.csv"))
    });
    own.filter(|path| path.is_file())
        .unwrap_or_else(|| directory.join("predictions/valid.csv"))
}
