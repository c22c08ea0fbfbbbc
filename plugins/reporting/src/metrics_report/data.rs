//! The data: slices, patients and positives of every part.

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

/// A count with its share of the part's slices.
pub(crate) struct DataCell {
    /// The count; "unknown" where there is no truth.
    pub count: String,
    /// The share in words; empty for slices and patients.
    pub share: String,
}

pub(crate) fn table(material: &Material<'_>) -> DataTable {
    let fold = |fold| -> Vec<&Slice> {
        material
            .folds
            .indices(fold)
            .into_iter()
            .filter_map(|index| material.cohort.slices.get(index))
            .collect()
    };
    let mut columns = vec!["training", "validation"];
    let mut parts = vec![fold(Fold::Train), fold(Fold::Valid)];
    if parts[0].is_empty() {
        // A model of another cohort was measured.
        columns.remove(0);
        parts.remove(0);
    }
    if let Some(test) = material.test {
        columns.push("test");
        parts.push(test.slices.iter().collect());
    }
    let plain = |what: &str, count: &dyn Fn(&[&Slice]) -> usize| DataRow {
        what: what.into(),
        cells: parts
            .iter()
            .map(|part| DataCell {
                count: thousands(count(part)),
                share: String::new(),
            })
            .collect(),
    };
    let labels = &material.cohort.labels;
    let mut rows = vec![
        plain("slices", &|part| part.len()),
        plain("patients", &|part| subjects_of(part).len()),
        plain("series", &|part| series_of(part).len()),
    ];
    rows.extend(labels.names().iter().enumerate().map(|(label, name)| DataRow {
        what: name.clone(),
        cells: parts.iter().map(|part| positives(part, label)).collect(),
    }));
    DataTable { columns, rows }
}

fn positives(part: &[&Slice], label: usize) -> DataCell {
    let truth: Vec<_> = part
        .iter()
        .filter_map(|slice| slice.labels.as_ref()?.positive(label))
        .collect();
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
