//! Tables of the page: counts of labels, their co-occurrence, header values.

use ichflow_api::prelude::*;

use super::counts::{self, PartCounts};
use super::headers::{Count, Headers};
use crate::render::numbers::{per_cent, thousands};

/// Counts of one label.
pub(super) struct LabelRow {
    pub label: String,
    /// For each part: slices, their share, series, patients.
    pub cells: Vec<[String; 4]>,
}

/// How often a label occurs with each other.
pub(super) struct CooccurrenceRow {
    pub label: String,
    /// The count, and its share of the row's slices in whole per cent.
    pub cells: Vec<(String, u32)>,
}

/// One table of header values.
pub(super) struct HeaderTable {
    pub title: &'static str,
    pub what: &'static str,
    pub rows: Vec<[String; 4]>,
    pub more: usize,
}

/// The numbers at the top: name, value, what stands beside it.
pub(super) fn headlines(parts: &[PartCounts], headers: &Headers) -> Vec<(&'static str, String, String)> {
    let of = |pick: fn(&PartCounts) -> usize| -> (String, String) {
        let all: usize = parts.iter().map(pick).sum();
        let beside = match parts {
            [_] => String::new(),
            parts => parts
                .iter()
                .map(|part| format!("{} in the {}", thousands(pick(part)), part.name))
                .collect::<Vec<_>>()
                .join(", "),
        };
        (thousands(all), beside)
    };
    let mut lines = Vec::new();
    let (value, beside) = of(|part| part.slices);
    lines.push(("slices", value, beside));
    let (value, beside) = of(|part| part.series);
    lines.push(("series", value, beside));
    let (value, beside) = of(|part| part.patients);
    lines.push(("patients", value, beside));
    if let Some(part) = parts.first().filter(|part| part.labelled > 0) {
        let positive = part.labels[0][0];
        lines.push((
            "slices with hemorrhage",
            thousands(positive),
            format!(
                "{} of the labelled ones",
                per_cent(positive as f64 / part.labelled as f64)
            ),
        ));
    }
    lines.push((
        if headers.encodings.len() == 1 {
            "pixel encoding"
        } else {
            "pixel encodings"
        },
        headers.encodings.len().to_string(),
        "bits, sign and intercept".into(),
    ));
    lines
}

/// Slices, series and patients of every label.
pub(super) fn label_rows(parts: &[PartCounts], labels: &LabelSet) -> Vec<LabelRow> {
    labels
        .names()
        .iter()
        .enumerate()
        .map(|(label, name)| LabelRow {
            label: name.clone(),
            cells: parts
                .iter()
                .map(|part| {
                    if part.labelled == 0 {
                        return ["unknown".into(), String::new(), String::new(), String::new()];
                    }
                    let [slices, series, patients] = part.labels[label];
                    [
                        thousands(slices),
                        per_cent(slices as f64 / part.labelled as f64),
                        thousands(series),
                        thousands(patients),
                    ]
                })
                .collect(),
        })
        .collect()
}

/// Slices with both labels, for every pair.
pub(super) fn cooccurrence(slices: &[Slice], labels: &LabelSet) -> Vec<CooccurrenceRow> {
    counts::cooccurrence(slices, labels)
        .iter()
        .enumerate()
        .map(|(row, counts)| CooccurrenceRow {
            label: labels.name(row).to_owned(),
            cells: counts
                .iter()
                .map(|count| {
                    let share = *count as f64 / counts[row].max(1) as f64;
                    (thousands(*count), (100.0 * share).round() as u32)
                })
                .collect(),
        })
        .collect()
}

/// What headers say, the most frequent values first.
pub(super) fn header_tables(headers: Headers) -> Vec<HeaderTable> {
    let table = |title, what, counts: Vec<Count>, most: usize| HeaderTable {
        title,
        what,
        more: counts.len().saturating_sub(most),
        rows: counts
            .into_iter()
            .take(most)
            .map(|count| {
                [
                    count.what,
                    thousands(count.slices),
                    thousands(count.series),
                    thousands(count.patients),
                ]
            })
            .collect(),
    };
    let mut tables = vec![
        table("Pixel encoding", "bits, sign, intercept", headers.encodings, 20),
        table("Sizes", "rows × columns", headers.sizes, 12),
        table("Windows", "first window stated", headers.windows, 12),
        table("Slice thickness", "thickness", headers.thickness, 12),
        table("Padding values", "stored value", headers.padding, 12),
        table("Scanners", "maker, model", headers.scanners, 20),
        table("Reconstruction kernels", "kernel", headers.kernels, 20),
        table("Tube voltage", "kVp", headers.kvp, 12),
        table("Contrast", "agent", headers.contrast, 12),
        table("Patients", "sex, age", headers.people, 30),
    ];
    tables.retain(|table| !table.rows.is_empty());
    tables
}
