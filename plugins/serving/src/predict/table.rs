//! The rows as CSV or as JSON, one object a line; numbers read back bit for bit.

use ichflow_api::prelude::*;
use serde_json::{Map, Value, json};

use super::ood::OutOfDistribution;
use super::rows::{Outcome, Row};

/// From which probability on each label is called positive, where the recipe chose that.
pub(crate) type ThresholdsOfLabels = Option<Vec<Option<f64>>>;

/// The table as CSV: id, file, a probability for each label, status, reason, frame, UIDs, warnings, and, with thresholds,
/// whether each label is called positive; with `ood`, how far its exam is from the training data.
///
/// # Errors
/// When memory ends.
pub(crate) fn csv_text(
    rows: &[Row],
    labels: &[String],
    thresholds: &ThresholdsOfLabels,
    ood: Option<&OutOfDistribution>,
) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut head = vec!["id".to_owned(), "file".to_owned()];
    head.extend_from_slice(labels);
    head.extend(
        [
            "status",
            "reason",
            "frame",
            "sop_instance_uid",
            "series_instance_uid",
            "study_instance_uid",
            "warnings",
        ]
        .map(str::to_owned),
    );
    if thresholds.is_some() {
        head.extend(labels.iter().map(|label| format!("{label}_positive")));
    }
    if ood.is_some() {
        head.extend(OutOfDistribution::head());
    }
    table.write_record(&head).doing("cannot write the table")?;
    for (number, row) in rows.iter().enumerate() {
        let probabilities = (0..labels.len()).map(|label| match &row.result {
            Outcome::Predicted(probabilities) => probabilities[label].to_string(),
            _ => String::new(),
        });
        let mut fields = vec![row.id.clone(), row.file.clone()];
        fields.extend(probabilities);
        fields.extend([
            status(row).to_owned(),
            row.reason().unwrap_or_default().to_owned(),
            row.frame.map_or(String::new(), |frame| frame.to_string()),
            row.instance.clone(),
            row.series.clone(),
            row.study.clone(),
            row.warnings.join("; "),
        ]);
        for called in called_positive(row, thresholds).into_iter().flatten() {
            fields.push(called.map_or(String::new(), |positive| u8::from(positive).to_string()));
        }
        fields.extend(ood.into_iter().flat_map(|ood| ood.fields(number, row)));
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
pub(crate) fn json_text(
    rows: &[Row],
    labels: &[String],
    thresholds: &ThresholdsOfLabels,
    ood: Option<&OutOfDistribution>,
) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let object = json_of(number, row, labels, thresholds, ood);
        serde_json::to_writer(&mut text, &object).doing("cannot write as JSON")?;
        text.push(b'\n');
    }
    Ok(text)
}

/// A row by its number, as JSON.
pub(crate) fn json_of(
    number: usize,
    row: &Row,
    labels: &[String],
    thresholds: &ThresholdsOfLabels,
    ood: Option<&OutOfDistribution>,
) -> Value {
    let by_label =
        |values: Vec<Value>| -> Value { labels.iter().cloned().zip(values).collect::<Map<_, _>>().into() };
    let mut object = json!({
        "id": row.id,
        "file": row.file,
        "frame": row.frame,
        "status": status(row),
        "reason": row.reason(),
        "sop_instance_uid": row.instance,
        "series_instance_uid": row.series,
        "study_instance_uid": row.study,
        "warnings": row.warnings,
        "probabilities": null,
    });
    if let Outcome::Predicted(probabilities) = &row.result {
        object["probabilities"] = by_label(probabilities.iter().copied().map(Value::from).collect());
    }
    if let Some(called) = called_positive(row, thresholds) {
        object["positive"] = match row.result {
            Outcome::Predicted(_) => by_label(called.into_iter().map(Value::from).collect()),
            _ => Value::Null,
        };
    }
    if let Some(ood) = ood {
        object["training_data"] = ood.json(number, row);
    }
    object
}

fn status(row: &Row) -> &'static str {
    match row.result {
        Outcome::Predicted(_) => "predicted",
        Outcome::Excluded(_) | Outcome::Waiting => "excluded",
    }
}

/// Whether each label is called positive; none where there is no threshold, and nothing at all where there are none.
fn called_positive(row: &Row, thresholds: &ThresholdsOfLabels) -> Option<Vec<Option<bool>>> {
    let thresholds = thresholds.as_ref()?;
    let called = |(label, threshold): (usize, &Option<f64>)| match (&row.result, threshold) {
        (Outcome::Predicted(probabilities), Some(threshold)) => Some(probabilities[label] >= *threshold),
        _ => None,
    };
    Some(thresholds.iter().enumerate().map(called).collect())
}
