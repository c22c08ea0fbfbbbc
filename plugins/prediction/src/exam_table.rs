//! What a series model says of series as a whole, as CSV.

use std::path::Path;

use ichflow_api::prelude::*;

/// What was said of one series as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ExamPrediction {
    /// StudyInstanceUID of its slices, as stored.
    pub(crate) study: String,
    /// SeriesInstanceUID of its slices, as stored.
    pub(crate) series: String,
    /// Probabilities, in the order of the labels.
    pub(crate) probabilities: Vec<f64>,
    /// Its slices in their order, by their ids, and how much each counted; together 1. None where the network does not
    /// weigh slices: then the probability is the highest of its slices'.
    pub(crate) slices: Vec<(String, Option<f64>)>,
}

/// Writes a row a slice: study, series, a column of each of `labels`, the slice's id and its weight. Numbers read back
/// bit for bit.
pub(crate) fn write_csv(exams: &[ExamPrediction], path: &Path, labels: &[String]) -> Result<()> {
    let mut table = csv::Writer::from_path(path).at("write", path)?;
    let head = ["study", "series"]
        .into_iter()
        .chain(labels.iter().map(String::as_str));
    table
        .write_record(head.chain(["slice", "weight"]))
        .at("write", path)?;
    for exam in exams {
        for (slice, weight) in &exam.slices {
            let mut row = vec![exam.study.clone(), exam.series.clone()];
            row.extend(exam.probabilities.iter().map(f64::to_string));
            row.extend([
                slice.clone(),
                weight.map_or(String::new(), |weight| weight.to_string()),
            ]);
            table.write_record(&row).at("write", path)?;
        }
    }
    table.flush().at("write", path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_slice_with_what_is_said_of_its_exam() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("exams.csv");
        let exam = ExamPrediction {
            study: "1.2".into(),
            series: "1.2.3".into(),
            probabilities: vec![0.25, 0.125],
            slices: vec![("a".into(), Some(0.75)), ("b".into(), None)],
        };
        let labels = ["any".to_owned(), "subdural".to_owned()];
        write_csv(&[exam], &path, &labels).unwrap();
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            "study,series,any,subdural,slice,weight\n1.2,1.2.3,0.25,0.125,a,0.75\n1.2,1.2.3,0.25,0.125,b,\n"
        );
    }
}
