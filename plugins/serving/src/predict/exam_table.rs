//! Whole exams as CSV or as JSON, one object a line.

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::data::exams::exams_of;
use ichflow_api::prelude::*;
use serde_json::{Map, Value, json};

use super::predicted::Exams;
use super::rows::Row;
use ichflow_api::bundle::BundledExams;

/// A row of an exam.
#[derive(Clone)]
pub(crate) struct ExamRow {
    /// SeriesInstanceUID or StudyInstanceUID as stored; of a patient, and where slices name none, its number in the table.
    pub id: String,
    /// In the order of the labels.
    pub probabilities: Vec<f64>,
    /// Slices it was judged by.
    pub slices: usize,
    /// Slices of its series or studies that could not be predicted.
    pub excluded: usize,
    /// Rows of the slices it was judged by, along its series.
    pub rows: Vec<usize>,
    series: Vec<String>,
    studies: Vec<String>,
}

impl ExamRow {
    /// The same with other numbers of its rows, nothing where it has none.
    pub(crate) fn of(&self, rows: &[usize]) -> Option<Self> {
        (!rows.is_empty()).then(|| Self {
            rows: rows.to_owned(),
            ..self.clone()
        })
    }
}

/// The rows of all exams. Nothing in them names a patient.
pub(crate) fn rows_of(of: &Exams, level: Level, rows: &[Row]) -> Vec<ExamRow> {
    let members: BTreeMap<String, Vec<usize>> = exams_of(&of.slices.slices, level, level)
        .into_iter()
        .map(|exam| (exam.id, exam.slices))
        .collect();
    let mut made = Vec::with_capacity(of.exams.slices.len());
    for (number, (exam, probabilities)) in of.exams.slices.iter().zip(&of.exams.probabilities).enumerate() {
        let slices = members.get(&exam.id).map_or(&[][..], Vec::as_slice);
        let names = |name: fn(&Slice) -> &String| -> Vec<String> {
            let names = slices.iter().map(|index| name(&of.slices.slices[*index]).trim());
            let names: BTreeSet<&str> = names.filter(|name| !name.is_empty()).collect();
            names.into_iter().map(str::to_owned).collect()
        };
        let (series, studies) = (names(|slice| &slice.series), names(|slice| &slice.study));
        let own = match level {
            Level::Slice | Level::Series => series.first(),
            Level::Study => studies.first(),
            Level::Patient => None,
        };
        let missed = rows.iter().filter(|row| row.is_missed && row.reason().is_some());
        let missed = missed.filter(|row| match level {
            Level::Slice | Level::Series => series.contains(&row.series),
            Level::Study | Level::Patient => studies.contains(&row.study),
        });
        made.push(ExamRow {
            id: own.cloned().unwrap_or_else(|| format!("{level} {}", number + 1)),
            probabilities: probabilities.clone(),
            slices: slices.len(),
            excluded: missed.count(),
            rows: slices
                .iter()
                .filter_map(|index| of.slices.slices[*index].id.parse().ok())
                .collect(),
            series,
            studies,
        });
    }
    made
}

/// The table as CSV: the exam, what it is, a probability for each label, the class where the recipe sorts exams, how many
/// slices it was judged by and how many were excluded, UIDs, and, with thresholds, whether each label is called positive.
///
/// # Errors
/// When memory ends.
pub(crate) fn csv_text(rows: &[ExamRow], labels: &[String], bundled: &BundledExams) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut head = vec!["exam".to_owned(), "level".to_owned()];
    head.extend_from_slice(labels);
    let triage = bundled.triage.as_ref();
    head.extend(triage.map(|triage| format!("{}_triage", triage.label)));
    let counts = [
        "slices",
        "excluded",
        "series_instance_uids",
        "study_instance_uids",
    ];
    head.extend(counts.map(str::to_owned));
    if bundled.thresholds.is_some() {
        head.extend(labels.iter().map(|label| format!("{label}_positive")));
    }
    table.write_record(&head).doing("cannot write the table")?;
    for row in rows {
        let mut fields = vec![row.id.clone(), bundled.unit.to_string()];
        fields.extend(row.probabilities.iter().map(f64::to_string));
        fields.extend(class(row, labels, bundled));
        fields.extend([
            row.slices.to_string(),
            row.excluded.to_string(),
            row.series.join(" "),
            row.studies.join(" "),
        ]);
        for called in called_positive(row, bundled).into_iter().flatten() {
            fields.push(called.map_or(String::new(), |positive| u8::from(positive).to_string()));
        }
        table.write_record(&fields).doing("cannot write the table")?;
    }
    table
        .into_inner()
        .map_err(|error| Error::new(format!("cannot write the table: {error}")))
}

/// The table as JSON, an object a line.
///
/// # Errors
/// None that a row can cause; writing JSON may fail where memory ends.
pub(crate) fn json_text(rows: &[ExamRow], labels: &[String], bundled: &BundledExams) -> Result<Vec<u8>> {
    let by_label =
        |values: Vec<Value>| -> Value { labels.iter().cloned().zip(values).collect::<Map<_, _>>().into() };
    let mut text = Vec::new();
    for row in rows {
        let mut object = json!({
            "exam": row.id,
            "level": bundled.unit,
            "probabilities": by_label(row.probabilities.iter().copied().map(Value::from).collect()),
            "slices": row.slices,
            "excluded": row.excluded,
            "series_instance_uids": row.series,
            "study_instance_uids": row.studies,
        });
        if let (Some(triage), Some(class)) = (&bundled.triage, class(row, labels, bundled)) {
            object["triage"] = json!({ &triage.label: class });
        }
        if let Some(called) = called_positive(row, bundled) {
            object["positive"] = by_label(called.into_iter().map(Value::from).collect());
        }
        serde_json::to_writer(&mut text, &object).doing("cannot write as JSON")?;
        text.push(b'\n');
    }
    Ok(text)
}

/// The class, where exams are sorted.
pub(crate) fn class(row: &ExamRow, labels: &[String], bundled: &BundledExams) -> Option<String> {
    let triage = bundled.triage.as_ref()?;
    let label = labels.iter().position(|label| *label == triage.label);
    let probability = label.and_then(|label| row.probabilities.get(label)).copied();
    Some(triage.cuts.class(probability.unwrap_or(f64::NAN)).to_string())
}

/// Whether each label is called positive; nothing where there are no thresholds.
pub(crate) fn called_positive(row: &ExamRow, bundled: &BundledExams) -> Option<Vec<Option<bool>>> {
    let thresholds = bundled.thresholds.as_ref()?;
    let both = thresholds.of_label.iter().zip(&row.probabilities);
    Some(
        both.map(|(threshold, probability)| threshold.map(|threshold| *probability >= threshold))
            .collect(),
    )
}
