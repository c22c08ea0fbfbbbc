//! A row of every file, or of every frame of a file.

use std::path::Path;

use ichflow_api::data::profile::Reading;
use ichflow_api::digest::sha256_of_file;
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use ichflow_api::slice_files::{File, FileSlice, grouped};

/// What is said of a file or of one of its frames.
pub(crate) struct Row {
    /// Names the slice in whatever call: its SOPInstanceUID, with the frame's number where there are several; without
    /// the UID, a digest of the file. Empty for a file without slices.
    pub id: String,
    /// The file as it was named or found, see [`path_text`].
    pub file: String,
    /// The frame, from 0; none of a file without slices.
    pub frame: Option<u32>,
    /// SOPInstanceUID as stored.
    pub instance: String,
    /// SeriesInstanceUID as stored.
    pub series: String,
    /// StudyInstanceUID as stored.
    pub study: String,
    /// What deserves attention in it.
    pub warnings: Vec<String>,
    /// Whether somebody misses a slice if it is not predicted: not so of a text beside the slices of a directory.
    pub is_missed: bool,
    /// What came of it.
    pub result: Outcome,
    /// What was read of it beside the training data, where the bundle knows that.
    pub reading: Option<Reading>,
}

/// What came of a file or frame.
pub(crate) enum Outcome {
    /// It is still to be predicted.
    Waiting,
    /// Its probabilities, in the order of the labels.
    Predicted(Vec<f64>),
    /// Why there are none.
    Excluded(String),
}

/// The rows of all files, and the slices to predict: their ids are the numbers of their rows, which no two share.
/// `force` lets slices pass that are no axial CT.
pub(crate) fn rows_of(files: Vec<File>, force: bool) -> (Vec<Row>, Vec<Slice>) {
    let (mut rows, mut slices) = (Vec::with_capacity(files.len()), Vec::new());
    for file in files {
        let name = path_text(&file.path);
        let is_missed = file.is_missed();
        match file.slices {
            Ok(of_file) => {
                let frames = of_file.len();
                let digest = std::cell::OnceCell::new();
                for one in of_file {
                    let id = id_of(&one, frames, || {
                        digest.get_or_init(|| by_content(&file.path)).clone()
                    });
                    let mut row = Row::of(id, name.clone(), &one);
                    match one.not_axial_ct {
                        Some(reason) if !force => row.result = Outcome::Excluded(reason),
                        reason => {
                            row.warnings.extend(reason);
                            slices.push(Slice {
                                id: rows.len().to_string(),
                                ..one.slice
                            });
                        }
                    }
                    rows.push(row);
                }
            }
            Err(none) => rows.push(Row {
                id: String::new(),
                file: name,
                frame: None,
                instance: String::new(),
                series: String::new(),
                study: String::new(),
                warnings: Vec::new(),
                is_missed,
                result: Outcome::Excluded(none.reason().to_owned()),
                reading: None,
            }),
        }
    }
    (rows, slices)
}

impl Row {
    fn of(id: String, file: String, one: &FileSlice) -> Self {
        Self {
            id,
            file,
            frame: Some(one.slice.frame),
            instance: one.instance.clone(),
            series: one.slice.series.clone(),
            study: one.slice.study.clone(),
            warnings: one.warnings.clone(),
            is_missed: true,
            result: Outcome::Waiting,
            reading: None,
        }
    }

    /// Why it has no probabilities, if it has none.
    pub(crate) fn reason(&self) -> Option<&str> {
        match &self.result {
            Outcome::Predicted(_) => None,
            Outcome::Excluded(reason) => Some(reason),
            Outcome::Waiting => Some("nothing came of it"),
        }
    }
}

fn id_of(one: &FileSlice, frames: usize, digest: impl Fn() -> String) -> String {
    let instance = one.instance.trim();
    let file = if instance.is_empty() {
        digest()
    } else {
        instance.to_owned()
    };
    match frames {
        1 => file,
        _ => format!("{file}~frame{:04}", one.slice.frame),
    }
}

/// What a file without a UID is called: by what it holds, so that it is called so wherever it lies.
fn by_content(file: &Path) -> String {
    sha256_of_file(file).map_or_else(|_| String::new(), |digest| format!("sha256-{}", &digest[..16]))
}

/// Says on stderr what was found in the files, once for all that it was found in.
pub(crate) fn tell(rows: &[Row]) {
    let told = rows.iter().flat_map(|row| {
        let excluded = row.reason().map(|reason| format!("excluded: {reason}"));
        let warnings = row.warnings.iter().map(|warning| format!("warning: {warning}"));
        let file = |text: String| (text, row.file.clone());
        excluded.into_iter().chain(warnings).map(file)
    });
    for line in grouped(told) {
        eprintln!("{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::slice_files::NoSlice;
    use ichflow_api::testkit;

    fn file(path: &str, instances: &[&str], not_axial_ct: Option<&str>) -> File {
        let slice = |(frame, instance): (usize, &&str)| FileSlice {
            slice: Slice {
                frame: frame as u32,
                ..testkit::slice("", "p", None)
            },
            instance: (*instance).to_owned(),
            not_axial_ct: not_axial_ct.map(str::to_owned),
            warnings: vec!["it is odd".to_owned()],
        };
        File {
            path: path.into(),
            named: false,
            slices: Ok(instances.iter().enumerate().map(slice).collect()),
        }
    }

    #[test]
    fn every_file_has_a_row_and_an_id_of_its_own_content() {
        let directory = tempfile::tempdir().unwrap();
        let nameless = directory.path().join("nameless.dcm");
        std::fs::write(&nameless, "content").unwrap();
        let nameless = nameless.display().to_string();
        let files = || {
            vec![
                file("a.dcm", &["1.2.3"], None),
                file("b.dcm", &["1.2.4", "1.2.4"], None),
                file(&nameless, &[""], None),
                file("scout.dcm", &["1.2.5"], Some("it is a localizer")),
                File {
                    path: "notes.txt".into(),
                    named: false,
                    slices: Err(NoSlice::Other("this is not a DICOM file".into())),
                },
            ]
        };
        let (rows, slices) = rows_of(files(), false);
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let digest = "sha256-ed7002b439e9ac84";
        assert_eq!(
            ids,
            ["1.2.3", "1.2.4~frame0000", "1.2.4~frame0001", digest, "1.2.5", ""]
        );
        let waiting: Vec<&str> = slices.iter().map(|slice| slice.id.as_str()).collect();
        assert_eq!(waiting, ["0", "1", "2", "3"]);
        assert_eq!(rows[4].reason(), Some("it is a localizer"));
        assert!(rows[4].is_missed && !rows[5].is_missed);
        let (rows, slices) = rows_of(files(), true);
        assert_eq!((rows.len(), slices.len()), (6, 5));
        assert_eq!(rows[4].warnings, ["it is odd", "it is a localizer"]);
    }
}
