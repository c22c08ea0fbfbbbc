//! What came of an upload.

use std::collections::BTreeMap;
use std::ops::Range;

use ichflow_api::bundle::Bundle;
use ichflow_api::data::exams::indices_of;
use ichflow_api::data::identity::series_of;
use ichflow_api::prelude::*;
use serde_json::{Map, Value, json};

use crate::predict::exam_table::{self, ExamRow};
use crate::predict::ood::{FLAGS, OutOfDistribution};
use crate::predict::rows::{Outcome, Row};
use crate::predict::table::json_of;

/// What came of an upload: what is shown, and what its slices are.
pub(crate) struct Answer {
    pub labels: Vec<String>,
    /// The worklist.
    pub exams: Vec<Value>,
    /// Files that hold no slice, in which nobody misses one.
    pub other_files: Vec<Value>,
    /// A row of every slice, and of every file in which somebody may miss one, as `ichflow predict --json` has it.
    pub slices: Vec<Value>,
    /// The slices of these rows, where they can be shown.
    pub shown: Vec<Option<Slice>>,
    /// Rows of each exam, series after series along each.
    pub series: Vec<Vec<Vec<usize>>>,
}

/// An upload's part of what was predicted together.
pub(super) struct Part {
    pub rows: Vec<Row>,
    /// By row.
    pub slices: Vec<Option<Slice>>,
    /// Exams that the bundle made of its slices.
    pub exams: Vec<ExamRow>,
    pub ood: Option<OutOfDistribution>,
}

/// An exam of the worklist.
struct Exam {
    /// Rows of its slices.
    rows: Vec<usize>,
    excluded: usize,
    probabilities: Vec<f64>,
    from: &'static str,
    positive: Option<Vec<Option<bool>>>,
    triage: Option<String>,
}

impl Answer {
    pub(super) fn new(part: Part, bundle: &Bundle) -> Self {
        let index = bundle.index();
        let Part {
            rows,
            slices,
            exams,
            ood,
        } = part;
        let thresholds = index
            .thresholds
            .as_ref()
            .map(|thresholds| thresholds.of_label.clone());
        let exams = match &index.exams {
            Some(bundled) => exams
                .into_iter()
                .map(|exam| Exam {
                    positive: exam_table::called_positive(&exam, bundled),
                    triage: exam_table::class(&exam, &index.labels, bundled),
                    rows: exam.rows,
                    excluded: exam.excluded,
                    probabilities: exam.probabilities,
                    from: "aggregate",
                })
                .collect(),
            None => of_highest(&rows, &slices, bundle),
        };
        let is_other = |row: &Row| row.frame.is_none() && !row.is_missed;
        // Rows of other files are told apart, and the others counted without them.
        let mut number_of = Vec::with_capacity(rows.len());
        let mut count = 0;
        for row in &rows {
            number_of.push(count);
            count += usize::from(!is_other(row));
        }
        let (mut told, mut other_files, mut shown) = (Vec::new(), Vec::new(), Vec::new());
        for (number, row) in rows.iter().enumerate() {
            if is_other(row) {
                other_files.push(json!({ "file": row.file, "reason": row.reason() }));
            } else {
                told.push(json_of(number, row, &index.labels, &thresholds, ood.as_ref()));
                shown.push(slices[number].clone());
            }
        }
        let mut series: Vec<Vec<Vec<usize>>> = Vec::new();
        let mut worklist = Vec::new();
        for (number, exam) in exams.into_iter().enumerate() {
            let own = along_series(&exam.rows, &slices);
            let own: Vec<Vec<usize>> = own
                .into_iter()
                .map(|rows| rows.into_iter().map(|row| number_of[row]).collect())
                .collect();
            let first = exam.rows.first().copied().unwrap_or_default();
            let flags = told.get(number_of.get(first).copied().unwrap_or_default());
            let flags = flags.map(|row| row["training_data"][FLAGS].clone());
            worklist.push(json!({
                "number": number,
                "name": name_of(exam.rows.iter().filter_map(|row| rows.get(*row)).map(|row| row.file.as_str())),
                "slices": exam.rows.len(),
                "excluded": exam.excluded,
                "probabilities": by_label(&index.labels, exam.probabilities.iter().copied().map(Value::from)),
                "from": exam.from,
                "positive": exam.positive.map(|called| by_label(&index.labels, called.into_iter().map(Value::from))),
                "triage": exam.triage,
                "unlike_training": flags.filter(Value::is_array).unwrap_or_else(|| json!([])),
                "series": own,
            }));
            series.push(own);
        }
        Self {
            labels: index.labels.clone(),
            exams: worklist,
            other_files,
            slices: told,
            shown,
            series,
        }
    }

    /// Slices predicted and slices or files excluded.
    pub(crate) fn counts(&self) -> [usize; 2] {
        let predicted = self
            .slices
            .iter()
            .filter(|row| row["status"] == "predicted")
            .count();
        [predicted, self.slices.len() - predicted]
    }
}

fn by_label(labels: &[String], values: impl Iterator<Item = Value>) -> Map<String, Value> {
    labels.iter().cloned().zip(values).collect()
}

/// Exams of a bundle that makes none: studies, with the highest probability of their slices.
fn of_highest(rows: &[Row], slices: &[Option<Slice>], bundle: &Bundle) -> Vec<Exam> {
    let index = bundle.index();
    let predicted: Vec<(usize, &Vec<f64>, Slice)> = rows
        .iter()
        .enumerate()
        .filter_map(|(number, row)| match (&row.result, &slices[number]) {
            (Outcome::Predicted(probabilities), Some(slice)) => Some((number, probabilities, slice.clone())),
            _ => None,
        })
        .collect();
    let only: Vec<Slice> = predicted.iter().map(|(_, _, slice)| slice.clone()).collect();
    let missed = |study: &str| {
        let of_study = |row: &&Row| row.is_missed && row.reason().is_some() && row.study == study;
        rows.iter().filter(of_study).count()
    };
    let exam = |members: Vec<usize>| {
        let highest = |label: usize| {
            let values = members.iter().map(|member| predicted[*member].1[label]);
            values.fold(0.0, f64::max)
        };
        let probabilities: Vec<f64> = (0..index.labels.len()).map(highest).collect();
        let called = |(threshold, probability): (&Option<f64>, &f64)| {
            threshold.map(|threshold| *probability >= threshold)
        };
        let thresholds = index.thresholds.as_ref();
        let study = members
            .first()
            .map_or("", |first| predicted[*first].2.study.as_str());
        Exam {
            excluded: if study.is_empty() { 0 } else { missed(study) },
            positive: thresholds.map(|thresholds| {
                thresholds
                    .of_label
                    .iter()
                    .zip(&probabilities)
                    .map(called)
                    .collect()
            }),
            probabilities,
            from: "highest slice",
            triage: None,
            rows: members.into_iter().map(|member| predicted[member].0).collect(),
        }
    };
    indices_of(&only, Level::Study).into_iter().map(exam).collect()
}

/// Rows series after series, along each.
fn along_series(rows: &[usize], slices: &[Option<Slice>]) -> Vec<Vec<usize>> {
    let known: Vec<(usize, &Slice)> = rows
        .iter()
        .filter_map(|row| Some((*row, slices.get(*row)?.as_ref()?)))
        .collect();
    let only: Vec<&Slice> = known.iter().map(|(_, slice)| *slice).collect();
    let series = series_of(&only).into_iter();
    series
        .map(|members| members.into_iter().map(|member| known[member].0).collect())
        .collect()
}

/// What a person calls the exam: the folder that all its files are in, or its first file.
fn name_of<'a>(files: impl Iterator<Item = &'a str>) -> String {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    let mut first = "";
    for file in files {
        if first.is_empty() {
            first = file;
        }
        *folders
            .entry(file.rsplit_once('/').map_or("", |(folder, _)| folder))
            .or_default() += 1;
    }
    let most = folders.into_iter().max_by_key(|(_, count)| *count);
    match most {
        Some((folder, _)) if !folder.is_empty() => folder.to_owned(),
        _ => first.to_owned(),
    }
}

/// The rows of a part of all that was predicted together, counted from its start.
pub(super) fn within(range: &Range<usize>, rows: &[usize]) -> Option<Vec<usize>> {
    let within = |row: &usize| range.contains(row).then(|| row - range.start);
    rows.iter().map(within).collect()
}
