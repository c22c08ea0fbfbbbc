//! The competition's sample submission: which rows a submission must have, and in which order.

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::labels::LabelSet;
use crate::error::{Error, Result, ResultExt};
use crate::ports::Artifact;
use crate::text_table::TextTable;

/// The rows a submission must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleSubmission {
    /// The `ID` column in the file's order: `ID_8dfdc17fc_epidural`, …
    pub rows: Vec<String>,
}

impl Artifact for SampleSubmission {
    const NAME: &'static str = "sample submission";
}

impl SampleSubmission {
    /// Reads a sample submission and checks that it has every label of every image exactly once.
    ///
    /// # Errors
    /// Where the file cannot be read, or lacks or repeats a label of an image.
    pub fn read(path: &Path, labels: &LabelSet) -> Result<Self> {
        let mut reader = TextTable::open(path)?.into_csv(false);
        let head = reader.headers().at("read", path)?;
        if head.get(0).map(|name| name.trim_start_matches('\u{feff}').trim()) != Some("ID") {
            return Err(
                Error::new(format!("the first column of {} is not `ID`", path.display()))
                    .help("it should be the competition's stage_2_sample_submission.csv"),
            );
        }
        let mut rows = Vec::new();
        let mut record = csv::StringRecord::new();
        let mut seen: BTreeMap<String, Vec<bool>> = BTreeMap::new();
        while reader.read_record(&mut record).at("read", path)? {
            let line = record.position().map_or(0, csv::Position::line);
            let row = record.get(0).unwrap_or_default().trim();
            let Some((image, label)) = split_row(row.as_bytes(), labels) else {
                return Err(Error::new(format!(
                    "{}:{line}: {row:?} is not an image's ID followed by `_` and a label",
                    path.display()
                ))
                .help(format!("labels are {labels}")));
            };
            let image = String::from_utf8_lossy(image).into_owned();
            let found = seen.entry(image).or_insert_with(|| vec![false; labels.len()]);
            if std::mem::replace(&mut found[label], true) {
                return Err(Error::new(format!(
                    "{}:{line}: {row} is there twice",
                    path.display()
                )));
            }
            rows.push(row.to_owned());
        }
        let incomplete: Vec<&str> = seen
            .iter()
            .filter(|(_, found)| found.contains(&false))
            .map(|(image, _)| image.as_str())
            .collect();
        if let Some(first) = incomplete.first() {
            return Err(Error::new(format!(
                "{} images of {} lack some of their {} rows, for example {first}",
                incomplete.len(),
                path.display(),
                labels.len()
            )));
        }
        Ok(Self { rows })
    }
}

/// Splits `ID_8dfdc17fc_epidural` into the image's ID and the index of the label.
pub fn split_row<'a>(row: &'a [u8], labels: &LabelSet) -> Option<(&'a [u8], usize)> {
    // Names may have underscores, and end like one another.
    let of = |(label, name): (usize, &String)| {
        let image = row.strip_suffix(name.as_bytes())?.strip_suffix(b"_")?;
        (!image.is_empty()).then_some((image, label))
    };
    let fitting = labels.names().iter().enumerate().filter_map(of);
    fitting.min_by_key(|(image, _)| image.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<SampleSubmission> {
        let path = std::env::temp_dir().join(format!(
            "ichflow-sample-{}-{:?}.csv",
            std::process::id(),
            std::thread::current().id()
        ));
        std::fs::write(&path, content).unwrap();
        let sample = SampleSubmission::read(&path, &LabelSet::rsna());
        std::fs::remove_file(&path).unwrap();
        sample
    }

    #[test]
    fn order_is_kept_and_gaps_are_found() {
        let mut rows: Vec<String> = LabelSet::rsna()
            .names()
            .iter()
            .map(|label| format!("ID_a_{label}"))
            .collect();
        rows.reverse();
        let text = |rows: &[String]| format!("ID,Label\n{},0.5\n", rows.join(",0.5\n"));
        assert_eq!(read(&text(&rows)).unwrap().rows, rows);
        let message = read(&text(&rows[1..])).unwrap_err().to_string();
        assert!(
            message.contains("lack some") && message.contains("ID_a"),
            "{message}"
        );
        rows.push("ID_a_any".into());
        let message = read(&text(&rows)).unwrap_err().to_string();
        assert!(message.ends_with(":8: ID_a_any is there twice"), "{message}");
        assert!(read("ID,Label\nID_a_epidual,0.5\n").is_err());
        assert!(read("image,Label\n").is_err());
    }
}
