//! The data: slices, patients and positives of every part.

use ichflow_api::data::exams::{Exam, exams_of};
use ichflow_api::data::identity::{series_of, subjects_of};
use ichflow_api::prelude::*;

use super::material::Material;
use crate::render::numbers::{per_cent, thousands};

/// Counts of every part of the data, one column per part.
pub(crate) struct DataTable {
    /// "training", "validation", "test".
    pub columns: Vec<&'static str>,
    /// Slices, patients, then the labels.
    pub rows: Vec<DataRow>,
}

/// One line of the table.
pub(crate) struct DataRow {
    /// What is counted.
    pub what: String,
    /// One cell a column.
    pub cells: Vec<DataCell>,
}

/// A count with its share of the part's slices or exams.
pub(crate) struct DataCell {
    /// The count; "unknown" where there is no truth.
    pub count: String,
    /// The share in words; empty for slices and patients.
    pub share: String,
}

/// One part of the data.
struct Part<'a> {
    name: &'static str,
    /// None where nothing but whole exams is known of it.
    slices: Option<Vec<&'a Slice>>,
    /// The truth of its exams, where exams were judged.
    exams: Vec<Option<Labels>>,
}

pub(crate) fn table(material: &Material<'_>) -> DataTable {
    let unit = material.metrics.of_exams().map(|(unit, ..)| unit);
    let parts = parts(material, unit);
    let row = |what: &str, count: &dyn Fn(&Part<'_>) -> Option<usize>| DataRow {
        what: what.into(),
        cells: parts
            .iter()
            .map(|part| DataCell {
                count: count(part).map_or("–".into(), thousands),
                share: String::new(),
            })
            .collect(),
    };
    let of_slices =
        |what: &str, count: &dyn Fn(&[&Slice]) -> usize| row(what, &|part| part.slices.as_deref().map(count));
    let mut rows = vec![
        of_slices("slices", &|part| part.len()),
        of_slices("patients", &|part| subjects_of(part).len()),
        of_slices("series", &|part| series_of(part).len()),
    ];
    // Series and patients are counted already.
    if unit == Some(Level::Study) {
        rows.push(row(Level::Study.plural(), &|part| Some(part.exams.len())));
    }
    let names = material.cohort.labels.names();
    if material.metrics.unit.is_slice() {
        rows.extend(names.iter().enumerate().map(|(label, name)| {
            DataRow {
                what: name.clone(),
                cells: parts
                    .iter()
                    .map(|part| match &part.slices {
                        Some(slices) => positives(slices.iter().map(|slice| slice.labels.as_ref()), label),
                        None => positives(std::iter::empty(), label),
                    })
                    .collect(),
            }
        }));
    }
    if let Some(unit) = unit {
        rows.extend(names.iter().enumerate().map(|(label, name)| {
            DataRow {
                what: format!("{name}, {}", unit.plural()),
                cells: parts
                    .iter()
                    .map(|part| positives(part.exams.iter().map(Option::as_ref), label))
                    .collect(),
            }
        }));
    }
    DataTable {
        columns: parts.iter().map(|part| part.name).collect(),
        rows,
    }
}

fn parts<'a>(material: &'a Material<'_>, unit: Option<Level>) -> Vec<Part<'a>> {
    let cohort = material.cohort;
    let exams = unit.map_or_else(Vec::new, |unit| exams_of(&cohort.slices, unit, cohort.level));
    let fold = |name: &'static str, fold: Fold| {
        let indices = material.folds.indices(fold).into_iter();
        let within = |exam: &&Exam| {
            exam.slices
                .iter()
                .all(|slice| material.folds.of_slice.get(*slice) == Some(&fold))
        };
        Part {
            name,
            slices: Some(indices.filter_map(|index| cohort.slices.get(index)).collect()),
            exams: exams
                .iter()
                .filter(within)
                .map(|exam| exam.truth.clone())
                .collect(),
        }
    };
    let mut parts = vec![fold("training", Fold::Train), fold("validation", Fold::Valid)];
    // A model of another cohort was measured.
    parts.retain(|part| {
        part.name != "training" || part.slices.as_ref().is_some_and(|slices| !slices.is_empty())
    });
    if let Some(test) = material.test {
        let exams = match unit {
            Some(unit) if test.unit == unit => test.slices.iter().map(|exam| exam.labels.clone()).collect(),
            Some(unit) if test.unit.is_slice() => exams_of(&test.slices, unit, test.level)
                .into_iter()
                .map(|exam| exam.truth)
                .collect(),
            _ => Vec::new(),
        };
        parts.push(Part {
            name: "test",
            slices: test.unit.is_slice().then(|| test.slices.iter().collect()),
            exams,
        });
    }
    parts
}

fn positives<'a>(truth: impl Iterator<Item = Option<&'a Labels>>, label: usize) -> DataCell {
    let truth: Vec<bool> = truth.filter_map(|truth| truth?.positive(label)).collect();
    if truth.is_empty() {
        return DataCell {
            count: "unknown".into(),
            share: String::new(),
        };
    }
    let count = truth.iter().filter(|positive| **positive).count();
    DataCell {
        count: thousands(count),
        share: per_cent(count as f64 / truth.len() as f64),
    }
}
