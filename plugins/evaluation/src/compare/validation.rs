//! The validation predictions behind a run's score, for pairing with those of another run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ichflow_api::data::comparison::Measured;
use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::labels::{Labels, Level};
use ichflow_api::metrics;

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

/// Reads the predictions that were measured. The error says why they cannot be paired with others.
pub(super) fn read(
    directory: &Path,
    recipe: &toml::Table,
    measured: &Measured,
) -> Result<Validation, String> {
    let predictions = predictions_file(directory, recipe);
    let labels_of = &measured.label_set;
    let predicted = Table::read(&predictions, labels_of).map_err(|error| error.chain())?;
    let probabilities = predicted.probabilities().map_err(|error| error.chain())?;
    let cohort = Table::read(&directory.join("cohort.csv"), labels_of).map_err(|error| error.chain())?;
    let truth = cohort.labels().map_err(|error| error.chain())?;
    let patients = cohort
        .patients()
        .ok_or_else(|| "cohort.csv does not say whose slices they are".to_owned())?;
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut ids = Vec::new();
    let (mut labels, mut rows, mut patient) = (Vec::new(), Vec::new(), Vec::new());
    for (id, known) in truth {
        let Some(row) = probabilities.get(id) else {
            continue;
        };
        let next = numbers.len();
        let whose = patients.get(id).map_or(id, String::as_str);
        patient.push(*numbers.entry(whose).or_insert(next));
        ids.push(id.to_owned());
        labels.push(known);
        rows.push(row.clone());
    }
    // The score is the judge of whether these are the predictions that were measured.
    let again = metrics::weighted_log_loss(&labels, &rows, labels_of.weights(), measured.eps);
    let score = measured.valid.weighted_log_loss;
    match again {
        Some(again) if (again - score).abs() <= 1e-9 * score.abs().max(1.0) => {}
        _ => {
            return Err(format!(
                "{} does not give the score of metrics.json",
                predictions
                    .strip_prefix(directory)
                    .unwrap_or(&predictions)
                    .display()
            ));
        }
    }
    Ok(Validation {
        ids,
        labelled: LabelledPredictions {
            unit: Level::Slice,
            labels: labels_of.clone(),
            truth: labels,
            probabilities: rows,
            patient,
            patients: numbers.len(),
        },
    })
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
