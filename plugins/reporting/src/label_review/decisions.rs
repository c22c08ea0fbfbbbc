//! The CSV in which a person decides, and how a recipe reads it back.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;

use super::doubts::Review;

/// By what rows name what they are about, as `table` reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The slice's SOPInstanceUID.
    Instance,
    /// The file below the directory that all have in common; with the slice's number in files of several.
    Path { below: PathBuf, with_slice: bool },
    /// SeriesInstanceUID.
    Series,
    /// StudyInstanceUID.
    Study,
    /// PatientID.
    Patient,
}

impl Key {
    /// The key that names each of `slices` at a level: what headers say, or where files name nothing, their paths.
    pub(crate) fn of(slices: &[Slice], level: Level) -> Self {
        let by_path = |with_slice| Self::Path {
            below: common(slices),
            with_slice,
        };
        match level {
            Level::Slice => {
                let mut seen = HashSet::new();
                let named = |slice: &Slice| {
                    let name = slice.instance.trim();
                    !name.is_empty() && seen.insert(name.to_owned())
                };
                match slices.iter().all(named) {
                    true => Self::Instance,
                    false => by_path(slices.iter().any(|slice| slice.frame > 0)),
                }
            }
            Level::Series => match slices.iter().all(|slice| !slice.series.trim().is_empty()) {
                true => Self::Series,
                false => by_path(false),
            },
            Level::Study => Self::Study,
            Level::Patient => Self::Patient,
        }
    }

    /// Its column, which is also what recipes call it.
    pub(crate) fn column(&self) -> &'static str {
        match self {
            Self::Instance => "sop_instance_uid",
            Self::Path { .. } => "path",
            Self::Series => "series_instance_uid",
            Self::Study => "study_instance_uid",
            Self::Patient => "patient_id",
        }
    }

    /// The key of a slice, or of the exam it stands for.
    fn value(&self, slice: &Slice) -> String {
        match self {
            Self::Instance => slice.instance.trim().to_owned(),
            Self::Path { below, .. } => {
                let rest = slice.file.strip_prefix(below).unwrap_or(&slice.file);
                path_text(rest).replace('\\', "/")
            }
            Self::Series => slice.series.trim().to_owned(),
            Self::Study => slice.study.trim().to_owned(),
            Self::Patient => slice.patient.trim().to_owned(),
        }
    }

    /// The line of a recipe that reads the decisions in `csv`.
    pub(crate) fn recipe_line(&self, csv: &str, level: Level) -> String {
        let more = match self {
            Self::Path { with_slice: true, .. } => "slice_column = \"slice\", ".to_owned(),
            Self::Path { .. } if !level.is_slice() => format!("level = \"{level}\", "),
            _ => String::new(),
        };
        format!(
            "{{ csv = \"{csv}\", key = \"{}\", {more}label_column = \"label\", value_column = \"decision\", corrects = true }}",
            self.column()
        )
    }
}

/// The deepest directory in which all files lie.
fn common(slices: &[Slice]) -> PathBuf {
    let parts = |path: &Path| -> Vec<PathBuf> {
        let parent = path.parent().unwrap_or(Path::new(""));
        let component = |component: Component<'_>| PathBuf::from(component.as_os_str());
        parent.components().map(component).collect()
    };
    let mut shared: Option<Vec<PathBuf>> = None;
    for slice in slices {
        let own = parts(&slice.file);
        shared = Some(match shared {
            None => own,
            Some(mut shared) => {
                let alike = shared.iter().zip(&own).take_while(|(a, b)| a == b).count();
                shared.truncate(alike);
                shared
            }
        });
    }
    shared.unwrap_or_default().iter().collect()
}

/// Writes a row a doubted label, `decision` empty; rows keep the numbers that the page shows. Where `decidable` is false
/// there is no such column, and `table` refuses the file.
///
/// Gives the number of rows left out because nothing names what they are about.
///
/// # Errors
/// Where the file cannot be written.
pub(crate) fn write(
    path: &Path,
    review: &Review,
    predictions: &Predictions,
    key: &Key,
    decidable: bool,
) -> Result<usize> {
    let with_slice = matches!(key, Key::Path { with_slice: true, .. });
    let mut writer = csv::Writer::from_path(path).at("write", path)?;
    let mut head = vec!["row", key.column()];
    head.extend(with_slice.then_some("slice"));
    head.extend(["label", "given", "suggested", "probability"]);
    head.extend(decidable.then_some("decision"));
    writer.write_record(&head).at("write", path)?;
    let mut nameless = 0;
    for unit in review.units() {
        let slice = &predictions.slices[unit.index];
        let name = key.value(slice);
        if name.is_empty() {
            nameless += unit.doubts.len();
            continue;
        }
        for doubt in &unit.doubts {
            let yes_or_no = |positive: bool| if positive { "1" } else { "0" }.to_owned();
            let mut row = vec![doubt.row.to_string(), name.clone()];
            row.extend(with_slice.then(|| (slice.frame + 1).to_string()));
            row.extend([
                predictions.labels.name(doubt.label).to_owned(),
                yes_or_no(doubt.given),
                yes_or_no(!doubt.given),
                doubt.probability.to_string(),
            ]);
            row.extend(decidable.then(String::new));
            writer.write_record(&row).at("write", path)?;
        }
    }
    writer.flush().at("write", path)?;
    Ok(nameless)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::slice;

    #[test]
    fn slices_are_named_by_what_tells_them_apart() {
        let made = |file: &str, instance: &str, frame| Slice {
            file: file.into(),
            instance: instance.into(),
            frame,
            ..slice(file, "p", None)
        };
        let named = [made("/d/a/1.dcm", "1.2", 0), made("/d/b/2.dcm", "1.3", 0)];
        assert_eq!(Key::of(&named, Level::Slice), Key::Instance);
        let twice = [made("/d/a/1.dcm", "1.2", 0), made("/d/b/2.dcm", "1.2", 0)];
        let key = Key::of(&twice, Level::Slice);
        assert_eq!(key.value(&twice[1]), "b/2.dcm");
        assert!(!key.recipe_line("x.csv", Level::Slice).contains("slice_column"));
        let volume = [made("/d/v.nii", "", 0), made("/d/v.nii", "", 1)];
        let key = Key::of(&volume, Level::Slice);
        assert_eq!(key.value(&volume[1]), "v.nii");
        assert_eq!(
            key.recipe_line("x.csv", Level::Slice),
            "{ csv = \"x.csv\", key = \"path\", slice_column = \"slice\", label_column = \"label\", value_column = \
             \"decision\", corrects = true }"
        );
        let nameless = [Slice {
            series: String::new(),
            ..made("/d/v.nii", "", 0)
        }];
        let line = Key::of(&nameless, Level::Series).recipe_line("x.csv", Level::Series);
        assert!(line.contains("key = \"path\", level = \"series\""), "{line}");
    }
}
