//! What two CSV files come to.

use std::collections::HashMap;
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::data::comparison::LabelVersus;
use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::{Computed, PartMetrics};
use ichflow_api::metrics::{self, PairedDifference};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::exams::{KnownExam, known_exams};
use crate::measures::{measure_labelled, statistics, versus_labels, versus_rows};
use crate::settings::Evaluate;
use crate::table::{self, Table};

/// What `--json` prints.
#[derive(Serialize)]
pub(super) struct Score {
    /// How the metrics were computed.
    #[serde(flatten)]
    pub computed: Computed,
    /// What was judged, where it is not slices: `slices` counts these then.
    #[serde(skip_serializing_if = "Level::is_slice")]
    pub unit: Level,
    /// The labels.
    #[serde(skip)]
    pub labels: LabelSet,
    /// Every metric. `prevalence_log_loss` is that of the prevalence in the truth itself.
    pub score: PartMetrics,
    /// Δ of the weighted log loss from that of the other predictions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versus: Option<PairedDifference>,
    /// Whether the two order and call the same cases equally well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels_versus: Vec<LabelVersus>,
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
    /// What is judged.
    pub level: Level,
    /// Whether slices without a prediction are left out instead of refused.
    pub partial: bool,
}

/// What is measured: the rows of which both a prediction and the truth are known.
struct Judged {
    /// Ids of the slices, or what each exam consists of.
    units: Units,
    labelled: LabelledPredictions,
}

enum Units {
    Slices(Vec<(String, Labels)>),
    Exams(Vec<KnownExam>),
}

/// Measures the files; `seed` draws the resamples.
pub(super) fn measure(files: &Files<'_>, mut settings: Evaluate, seed: u64) -> Result<Score> {
    let labels = &files.labels;
    let level = files.level;
    let predicted = Table::read(files.predictions, labels)?;
    let truth = Table::read(files.truth, labels)?;
    let mut remarks: Vec<String> = [&predicted, &truth]
        .iter()
        .filter_map(|table| table.remark())
        .collect();
    let Judged { units, labelled } = match level {
        Level::Slice => slices(files, &predicted, &truth, &mut remarks)?,
        _ => exams(files, &predicted, &truth, &mut remarks)?,
    };
    if labelled.patients == 0 {
        settings.bootstrap = 0;
        remarks.push(format!(
            "it is not known which {} belong to one patient, so there are no intervals: give TRUTH a column `patient`, or \
             name a CSV with --patients",
            level.plural()
        ));
    }
    let nothing = || Error::new(format!("no {level} has both a prediction and a truth"));
    let prevalence = metrics::prevalence(&labelled.truth, labels.len()).ok_or_else(nothing)?;
    let rng = || ChaCha8Rng::seed_from_u64(seed);
    let mut score = measure_labelled(&labelled, &prevalence, &settings, &mut rng())?.ok_or_else(nothing)?;
    score.statistics = statistics(&labelled, None, &settings, &mut rng());
    let (versus, labels_versus) = match files.against {
        Some(path) => {
            let other = Table::read(path, labels)?;
            remarks.extend(other.remark());
            let other = against(&units, &other, path, &mut remarks)?;
            (
                versus_rows(&labelled, &other, &settings, &mut rng()),
                versus_labels(&labelled, &other, settings.threshold),
            )
        }
        None => (None, Vec::new()),
    };
    Ok(Score {
        computed: (&settings).into(),
        unit: level,
        labels: labels.clone(),
        score,
        versus,
        labels_versus,
        remarks,
    })
}

fn slices(files: &Files<'_>, predicted: &Table, truth: &Table, remarks: &mut Vec<String>) -> Result<Judged> {
    let known = truth.labels()?;
    if known.is_empty() {
        return Err(Error::new(format!(
            "{} says nothing about any slice",
            files.truth.display()
        )));
    }
    let rows = rows_of(predicted, &known, files.predictions, files.partial, remarks)?;
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
    let (patient, patients) = match &patients {
        Some(patient_of) => number_patients(&slices, patient_of)?,
        None => (vec![0; slices.len()], 0),
    };
    Ok(Judged {
        labelled: LabelledPredictions {
            unit: Level::Slice,
            labels: files.labels.clone(),
            truth: slices.iter().map(|(_, labels)| labels.clone()).collect(),
            probabilities: rows.into_iter().flatten().collect(),
            patient,
            patients,
        },
        units: Units::Slices(
            slices
                .into_iter()
                .map(|(id, labels)| (id.to_owned(), labels))
                .collect(),
        ),
    })
}

/// Whole exams: the highest probability of a slice against whether one of the slices is positive.
fn exams(files: &Files<'_>, predicted: &Table, truth: &Table, remarks: &mut Vec<String>) -> Result<Judged> {
    let level = files.level;
    let patients = files.patients.map(table::patients).transpose()?;
    let known = known_exams(truth, level, patients.as_ref())?;
    if known.is_empty() {
        return Err(Error::new(format!(
            "{} says nothing about any whole {level}",
            files.truth.display()
        )));
    }
    let rows = predicted.probabilities()?;
    let (mut without, mut incomplete) = (Vec::new(), Vec::new());
    let (mut kept, mut probabilities) = (Vec::new(), Vec::new());
    let count = known.len();
    for exam in known {
        let (highest, missing) = exam.highest(&rows);
        if missing > 0 {
            let list = if highest.is_some() {
                &mut incomplete
            } else {
                &mut without
            };
            list.push(exam.id.clone());
        }
        if let Some(row) = highest {
            probabilities.push(row);
            kept.push(exam);
        }
    }
    for (ids, what) in [
        (without, "have no slice"),
        (incomplete, "have slices that are not"),
    ] {
        if ids.is_empty() {
            continue;
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let text = format!(
            "{} of {count} {} whose truth is known {what} in {}: {}",
            ids.len(),
            level.plural(),
            files.predictions.display(),
            table::examples(&ids)
        );
        if !files.partial {
            return Err(Error::new(text).help("to score what there is, add --partial"));
        }
        remarks.push(text);
    }
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let patient: Option<Vec<usize>> = kept
        .iter()
        .map(|exam| {
            let next = numbers.len();
            Some(*numbers.entry(exam.patient.as_deref()?).or_insert(next))
        })
        .collect();
    let (patient, patients) = match patient {
        Some(patient) => (patient, numbers.len()),
        None => (vec![0; kept.len()], 0),
    };
    Ok(Judged {
        labelled: LabelledPredictions {
            unit: level,
            labels: files.labels.clone(),
            truth: kept.iter().map(|exam| exam.truth.clone()).collect(),
            probabilities,
            patient,
            patients,
        },
        units: Units::Exams(kept),
    })
}

/// The other predictions of the same units, in their order.
fn against(units: &Units, other: &Table, path: &Path, remarks: &mut Vec<String>) -> Result<Vec<Vec<f64>>> {
    match units {
        Units::Slices(slices) => {
            let slices: Vec<(&str, Labels)> = slices
                .iter()
                .map(|(id, labels)| (id.as_str(), labels.clone()))
                .collect();
            let rows = rows_of(other, &slices, path, false, remarks)?;
            Ok(rows.into_iter().flatten().collect())
        }
        Units::Exams(exams) => {
            let rows = other.probabilities()?;
            let complete = exams.iter().map(|exam| match exam.highest(&rows) {
                (Some(row), 0) => Ok(row),
                _ => Err(Error::new(format!(
                    "{} does not predict all slices of {}",
                    path.display(),
                    exam.id
                ))),
            });
            complete.collect()
        }
    }
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
