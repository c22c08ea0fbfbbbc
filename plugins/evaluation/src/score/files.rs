//! What two CSV files come to.

use std::collections::HashMap;
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::{Computed, PartMetrics};
use ichflow_api::metrics::{self, PairedDifference};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::measures::{measure_labelled, versus_rows};
use crate::settings::Evaluate;
use crate::table::{self, Table};

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct Score {
    /// How the metrics were computed.
    #[serde(flatten)]
    pub computed: Computed,
    /// The labels.
    #[serde(skip)]
    pub labels: LabelSet,
    /// Every metric. `prevalence_log_loss` is that of the prevalence in the truth itself.
    pub score: PartMetrics,
    /// Δ of the weighted log loss from that of the other predictions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versus: Option<PairedDifference>,
    /// What a reader should know about the files.
    pub remarks: Vec<String>,
}

/// The files to measure.
pub(super) struct Files<'a> {
    /// Probabilities.
    pub predictions: &'a Path,
    /// Truth.
    pub truth: &'a Path,
    /// Other predictions of the same slices.
    pub against: Option<&'a Path>,
    /// Patients of the slices.
    pub patients: Option<&'a Path>,
    /// The labels.
    pub labels: LabelSet,
    /// Whether slices without a prediction are left out instead of refused.
    pub partial: bool,
}

/// Measures the files; `seed` draws the resamples.
pub(super) fn measure(files: &Files<'_>, mut settings: Evaluate, seed: u64) -> Result<Score> {
    let labels = &files.labels;
    let predicted = Table::read(files.predictions, labels)?;
    let truth = Table::read(files.truth, labels)?;
    let mut remarks: Vec<String> = [&predicted, &truth]
        .iter()
        .filter_map(|table| table.remark())
        .collect();
    let known = truth.labels()?;
    if known.is_empty() {
        return Err(Error::new(format!(
            "{} says nothing about any slice",
            files.truth.display()
        )));
    }
    let rows = rows_of(&predicted, &known, files.predictions, files.partial, &mut remarks)?;
    let slices: Vec<(&str, Labels)> = known
        .iter()
        .zip(&rows)
        .filter(|(_, row)| row.is_some())
        .map(|((id, labels), _)| (*id, labels.clone()))
        .collect();
    let patients = match files.patients {
        Some(path) => Some(table::patients(path)?),
        None => truth.patients(),
    };
    let (patient, count) = match &patients {
        Some(patient_of) => number_patients(&slices, patient_of)?,
        None => {
            settings.bootstrap = 0;
            remarks.push(
                "it is not known which slices belong to one patient, so there are no intervals: give TRUTH a \
                 column `patient`, or name a CSV with --patients"
                    .into(),
            );
            (vec![0; slices.len()], 0)
        }
    };
    let labelled = LabelledPredictions {
        unit: Level::Slice,
        labels: labels.clone(),
        truth: slices.iter().map(|(_, labels)| labels.clone()).collect(),
        probabilities: rows.into_iter().flatten().collect(),
        patient,
        patients: count,
    };
    let nothing = || Error::new("no slice has both a prediction and a truth");
    let prevalence = metrics::prevalence(&labelled.truth, labels.len()).ok_or_else(nothing)?;
    let rng = || ChaCha8Rng::seed_from_u64(seed);
    let score = measure_labelled(&labelled, &prevalence, &settings, &mut rng())?.ok_or_else(nothing)?;
    let versus = match files.against {
        Some(path) => {
            let other = Table::read(path, labels)?;
            remarks.extend(other.remark());
            let other = rows_of(&other, &slices, path, false, &mut remarks)?;
            let other: Vec<Vec<f64>> = other.into_iter().flatten().collect();
            versus_rows(&labelled, &other, &settings, &mut rng())
        }
        None => None,
    };
    Ok(Score {
        computed: (&settings).into(),
        labels: labels.clone(),
        score,
        versus,
        remarks,
    })
}

/// The predictions of the slices of `known`, in their order.
fn rows_of(
    predicted: &Table,
    known: &[(&str, Labels)],
    path: &Path,
    partial: bool,
    remarks: &mut Vec<String>,
) -> Result<Vec<Option<Vec<f64>>>> {
    let of = predicted.probabilities()?;
    let rows: Vec<Option<Vec<f64>>> = known.iter().map(|(id, _)| of.get(id).cloned()).collect();
    let missing: Vec<&str> = known
        .iter()
        .zip(&rows)
        .filter(|(_, row)| row.is_none())
        .map(|((id, _), _)| *id)
        .collect();
    if !missing.is_empty() {
        let text = format!(
            "{} of {} slices whose truth is known are not in {}: {}",
            missing.len(),
            known.len(),
            path.display(),
            table::examples(&missing)
        );
        if !partial {
            return Err(Error::new(text).help("to score only the slices that are in both, add --partial"));
        }
        remarks.push(text);
    }
    let surplus = of.len() - (known.len() - missing.len());
    if surplus > 0 {
        remarks.push(format!(
            "{} of {} without a known truth, not scored",
            counted(surplus, "slice", "slices"),
            path.display()
        ));
    }
    Ok(rows)
}

/// Patients numbered from 0 in the order of appearance, and how many there are.
fn number_patients(
    slices: &[(&str, Labels)],
    patient_of: &HashMap<String, String>,
) -> Result<(Vec<usize>, usize)> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let numbered: Result<Vec<usize>> = slices
        .iter()
        .map(|(id, _)| {
            let patient = patient_of
                .get(*id)
                .map(|patient| patient.trim())
                .filter(|p| !p.is_empty());
            let patient = patient.ok_or_else(|| Error::new(format!("it is not said whose slice {id} is")))?;
            let next = numbers.len();
            Ok(*numbers.entry(patient).or_insert(next))
        })
        .collect();
    Ok((numbered?, numbers.len()))
}
