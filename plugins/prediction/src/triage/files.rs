//! `triage.json`, with the cuts and their audit, and `triage.csv`, with the class of every exam.

use ichflow_api::data::triage::Triage;
use ichflow_api::metrics::TriageClass;
use ichflow_api::prelude::*;

/// Exams of one part of the data, with their classes.
pub(super) struct Part<'a> {
    name: &'static str,
    exams: &'a Predictions,
    classes: Vec<TriageClass>,
}

impl<'a> Part<'a> {
    /// One class an exam.
    pub(super) fn new(name: &'static str, exams: &'a Predictions, classes: Vec<TriageClass>) -> Self {
        Self { name, exams, classes }
    }
}

/// Writes both files.
pub(super) fn write(triage: &Triage, parts: &[Part<'_>], label: usize, context: &Context) -> Result<()> {
    let path = context.file("triage.json")?;
    let text = serde_json::to_string_pretty(triage).doing("cannot write the triage as JSON")?;
    std::fs::write(&path, text + "\n").at("write", &path)?;
    let path = context.file("triage.csv")?;
    let mut table = csv::Writer::from_path(&path).at("write", &path)?;
    table
        .write_record(["exam", "part", "probability", "class", "truth"])
        .at("write", &path)?;
    for part in parts {
        let rows = part.exams.slices.iter().zip(&part.exams.probabilities);
        for ((slice, row), class) in rows.zip(&part.classes) {
            let truth = slice.labels.as_ref().and_then(|labels| labels.value(label));
            let record = [
                slice.id.clone(),
                part.name.to_owned(),
                row[label].to_string(),
                class.to_string(),
                truth.map_or(String::new(), |truth| truth.to_string()),
            ];
            table.write_record(&record).at("write", &path)?;
        }
    }
    table.flush().at("write", &path)
}
