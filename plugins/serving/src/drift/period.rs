//! A table that `ichflow predict` wrote, CSV or JSON, as exams.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ichflow_api::data::drift::Period;
use ichflow_api::data::profile::HeaderField;
use ichflow_api::prelude::*;
use serde_json::Value;

use crate::predict::ood::{EXAM_DISTANCE, EXAM_HU_INDEX, FLAGS};

/// What one row says of its exam.
struct Row {
    exam: String,
    is_predicted: bool,
    probabilities: Vec<f64>,
    distance: Option<f64>,
    hu_index: Option<f64>,
    flags: Vec<String>,
    facts: Vec<String>,
}

/// What the rows of one exam say together.
#[derive(Default)]
struct Exam {
    highest: Vec<f64>,
    distance: f64,
    hu_index: f64,
    flags: Vec<String>,
    facts: Vec<String>,
}

/// Reads the exams of a table.
///
/// # Errors
/// Where the file cannot be read, is no such table, or was predicted with another bundle or one that does not know its
/// training data.
pub(super) fn read(path: &Path, labels: &[String]) -> Result<Period> {
    let text = fs::read_to_string(path).at("read", path)?;
    let rows = match text.trim_start().starts_with('{') {
        true => of_json(&text, path, labels)?,
        false => of_csv(&text, path, labels)?,
    };
    let name = path
        .file_stem()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(gathered(name, &rows, labels.len()))
}

fn gathered(name: String, rows: &[Row], labels: usize) -> Period {
    let mut exams: BTreeMap<&str, Exam> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.is_predicted) {
        let exam = exams.entry(&row.exam).or_insert_with(|| Exam {
            highest: vec![f64::NEG_INFINITY; labels],
            ..Exam::default()
        });
        for (highest, probability) in exam.highest.iter_mut().zip(&row.probabilities) {
            *highest = highest.max(*probability);
        }
        if let (Some(distance), Some(hu_index)) = (row.distance, row.hu_index) {
            (exam.distance, exam.hu_index) = (distance, hu_index);
            exam.flags.clone_from(&row.flags);
            exam.facts.clone_from(&row.facts);
        }
    }
    let sorted = |values: Vec<f64>| {
        let mut values = values;
        values.sort_by(f64::total_cmp);
        values
    };
    let mut period = Period {
        name,
        exams: exams.len(),
        rows: rows.len(),
        excluded: rows.iter().filter(|row| !row.is_predicted).count(),
        flagged: exams.values().filter(|exam| !exam.flags.is_empty()).count(),
        distances: sorted(exams.values().map(|exam| exam.distance).collect()),
        hu_indices: sorted(exams.values().map(|exam| exam.hu_index).collect()),
        ..Period::default()
    };
    for label in 0..labels {
        let values = sorted(exams.values().map(|exam| exam.highest[label]).collect());
        period.mean_probability.push(mean(&values));
        period.probabilities.push(values);
    }
    for exam in exams.values() {
        for flag in &exam.flags {
            *period.reasons.entry(flag.clone()).or_default() += 1;
        }
        for (field, value) in HeaderField::ALL.into_iter().zip(&exam.facts) {
            let counts = period.headers.entry(field).or_default();
            *counts.entry(value.clone()).or_default() += 1;
        }
    }
    period
}

/// The mean; 0 of nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// What a slice's exam is called: by its study, else its series, else itself.
fn exam_of(names: [&str; 3]) -> &str {
    names
        .into_iter()
        .map(str::trim)
        .find(|name| !name.is_empty())
        .unwrap_or("")
}

fn lacking(path: &Path, column: &str) -> Error {
    let error = Error::new(format!("{} has no column `{column}`", path.display()));
    match column {
        EXAM_DISTANCE | EXAM_HU_INDEX | FLAGS => error.help(
            "predict the period with this bundle: tables have it where a bundle knows its training data",
        ),
        _ => error.help("give a table that `ichflow predict` wrote with this bundle"),
    }
}

fn of_csv(text: &str, path: &Path, labels: &[String]) -> Result<Vec<Row>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().at("read", path)?.clone();
    let column = |name: &str| {
        let found = head.iter().position(|column| column == name);
        found.ok_or_else(|| lacking(path, name))
    };
    let of_labels = labels
        .iter()
        .map(|label| column(label))
        .collect::<Result<Vec<_>>>()?;
    let [status, study, series, id] = [
        column("status")?,
        column("study_instance_uid")?,
        column("series_instance_uid")?,
        column("id")?,
    ];
    let [distance, hu_index, flags] = [column(EXAM_DISTANCE)?, column(EXAM_HU_INDEX)?, column(FLAGS)?];
    let facts = HeaderField::ALL
        .iter()
        .map(|field| column(field.name()))
        .collect::<Result<Vec<_>>>()?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.at("read", path)?;
        let field = |column: usize| record.get(column).unwrap_or_default();
        let number = |column: usize| field(column).parse::<f64>().ok();
        let is_predicted = field(status) == "predicted";
        let probabilities: Vec<f64> = of_labels.iter().filter_map(|column| number(*column)).collect();
        if is_predicted && probabilities.len() != labels.len() {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(Error::new(format!(
                "{}: line {line} has no probabilities",
                path.display()
            )));
        }
        rows.push(Row {
            exam: exam_of([field(study), field(series), field(id)]).to_owned(),
            is_predicted,
            probabilities,
            distance: number(distance),
            hu_index: number(hu_index),
            flags: field(flags).split_whitespace().map(str::to_owned).collect(),
            facts: facts.iter().map(|column| field(*column).to_owned()).collect(),
        });
    }
    Ok(rows)
}

fn of_json(text: &str, path: &Path, labels: &[String]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let value: Value = serde_json::from_str(line).map_err(|error| {
            Error::caused_by(
                format!("{}: line {} is no JSON", path.display(), number + 1),
                error,
            )
        })?;
        let text = |key: &str| value[key].as_str().unwrap_or_default();
        let is_predicted = text("status") == "predicted";
        let training = value
            .get("training_data")
            .ok_or_else(|| lacking(path, EXAM_DISTANCE))?;
        let probability = |label: &String| {
            let probability = value["probabilities"][label].as_f64();
            probability.ok_or_else(|| lacking(path, label))
        };
        rows.push(Row {
            exam: exam_of([
                text("study_instance_uid"),
                text("series_instance_uid"),
                text("id"),
            ])
            .to_owned(),
            is_predicted,
            probabilities: match is_predicted {
                true => labels.iter().map(probability).collect::<Result<_>>()?,
                false => Vec::new(),
            },
            // Infinite numbers have no form in JSON.
            distance: training
                .get(EXAM_DISTANCE)
                .map(|distance| distance.as_f64().unwrap_or(f64::INFINITY)),
            hu_index: training[EXAM_HU_INDEX].as_f64(),
            flags: training[FLAGS]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|flag| Some(flag.as_str()?.to_owned()))
                .collect(),
            facts: HeaderField::ALL
                .iter()
                .map(|field| training[field.name()].as_str().unwrap_or_default().to_owned())
                .collect(),
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id,any,status,series_instance_uid,study_instance_uid,exam_distance,exam_hu_index,\
                        unlike_training,pixel_encoding,pixel_spacing,slice_thickness,kernel,scanner,kvp";

    fn labels() -> Vec<String> {
        vec!["any".to_owned()]
    }

    #[test]
    fn slices_come_together_to_exams() {
        let text = format!(
            "{HEAD}\n\
             a,0.2,predicted,s,one,3.5,0.1,,e,x,5 mm,K,S,120 kV\n\
             b,0.7,predicted,s,one,3.5,0.1,,e,x,5 mm,K,S,120 kV\n\
             c,0.4,predicted,s,two,9,0.2,features kernel,e,x,5 mm,L,S,120 kV\n\
             d,,excluded,,,,,,,,,,,\n"
        );
        let rows = of_csv(&text, Path::new("p.csv"), &labels()).unwrap();
        let period = gathered("p".into(), &rows, 1);
        assert_eq!(
            (period.exams, period.rows, period.excluded, period.flagged),
            (2, 4, 1, 1)
        );
        assert_eq!(period.probabilities, [[0.4, 0.7]]);
        assert_eq!(period.distances, [3.5, 9.0]);
        assert_eq!(period.reasons["kernel"], 1);
        assert_eq!(period.headers[&HeaderField::Kernel]["L"], 1);
        assert_eq!(period.headers[&HeaderField::Kvp]["120 kV"], 2);
    }

    #[test]
    fn a_table_of_another_kind_is_refused() {
        let of = |text: &str| of_csv(text, Path::new("p.csv"), &labels()).err().unwrap().chain();
        assert!(of("a,b\n1,2\n").contains("has no column `any`"));
        let without = "id,any,status,series_instance_uid,study_instance_uid\na,0.2,predicted,s,t\n";
        assert!(of(without).contains("has no column `exam_distance`"));
        let text = format!("{HEAD}\na,,predicted,s,one,3.5,0.1,,e,x,5 mm,K,S,120 kV\n");
        assert!(of(&text).contains("line 2 has no probabilities"));
    }
}
