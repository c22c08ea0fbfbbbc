//! CQ500, of the Centre for Advanced Research in Imaging, Neurosciences and Genomics.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use ichflow_api::counted::counted;
use ichflow_api::needs::{Known, Needs};
use ichflow_api::prelude::*;

use crate::foresee::foresee;
use crate::headers::{Files, Wanted};
use crate::kinds::Kind;
use crate::table::{Agreement, Key, LabelFile, LabelTable, Table, load_found};

/// Loads CQ500 as it is unpacked: `CQ500CT12 CQ500CT12/Unknown Study/CT PLAIN THIN/CT000000.dcm` and so on, and `reads.csv`
/// with what three readers said of each exam.
///
/// A label is positive where at least two of the readers say so, and is one of the exam: every slice of it has it. Series
/// come in some eighty spellings, with contrast and bone kernels among them: a `select-series` after it keeps one of an
/// exam. A series whose directory is called like another with `-2` at its end is a copy of it and is left out. Exams
/// without a row and rows without an exam are counted and listed, as by `table`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cq500 {
    /// The directory with the exams, at any depth.
    pub path: PathBuf,
    /// The readers' table; by default `reads.csv` in `path`.
    #[serde(default)]
    pub reads: Option<PathBuf>,
    /// Whether to load the copies of series too.
    #[serde(default)]
    pub copies: bool,
    /// Number of unusable slices beyond which loading fails; none: any number is tolerated and reported.
    #[serde(default)]
    pub max_quarantined: Option<usize>,
    /// Kinds of images that are excluded because they are no axial slices of CT in Hounsfield units; by default all that
    /// are known.
    #[serde(default = "Kind::all")]
    pub exclude: Vec<Kind>,
}

impl Stage for Cq500 {
    const NAME: &'static str = "cq500";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "CQ500: exams of DICOM with labels by the majority of three readers";
    const EXAMPLE: &'static str = "[load]\nuse = \"cq500\"\npath = \"data/cq500\"\n";
    const SHARDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["max_quarantined"];

    fn ports() -> Ports {
        Ports::new().offers(output::TRAIN).offers(output::PIXELS)
    }

    fn origins(&self) -> Vec<&'static str> {
        vec!["CQ500"]
    }

    fn reads(&self) -> Vec<ExternalPath> {
        vec![
            ExternalPath::directory("path", &self.path),
            ExternalPath::file("reads", self.csv()),
        ]
    }

    fn needs(&self, _known: &Known) -> Result<Needs> {
        foresee(std::iter::once(self.path.as_path()))
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let set = context.label_set();
        let labels = labels_of(self.csv(), set);
        // Before the files, which take longer.
        let mut table = LabelTable::read(&labels, set)?;

        let mut files = Files::default();
        files.add_below(&self.path, context)?;
        if !self.copies {
            let copies = copies(files.paths());
            let left_out =
                files.leave_out(|file| file.parent().is_some_and(|series| copies.contains(series)));
            if left_out > 0 {
                table.remarks.push(format!(
                    "{} of {} called like another with `-2` at its end are copies and were left out",
                    counted(left_out, "file", "files"),
                    counted(copies.len(), "series", "series")
                ));
            }
        }
        let directories = exams(files.paths(), &self.path);
        for row in &mut table.rows {
            if let Some(directory) = number_of(&row.name.key).and_then(|number| directories.get(&number)) {
                row.name.key.clone_from(directory);
            }
        }
        let wanted = Wanted {
            max_quarantined: self.max_quarantined,
            exclude: &self.exclude,
            single_frames: false,
        };
        let loaded = files.load(context, &wanted)?;
        let files = Table {
            path: self.path.clone(),
            labels: vec![labels],
            test_path: None,
            test_labels: Vec::new(),
            max_quarantined: self.max_quarantined,
            exclude: self.exclude.clone(),
        };
        load_found(loaded, &files, &[table], &[], set, context)
    }
}

impl Cq500 {
    fn csv(&self) -> PathBuf {
        self.reads.clone().unwrap_or_else(|| self.path.join("reads.csv"))
    }
}

ichflow_api::register!(Cq500);

/// What the columns of `reads.csv` mean for a label set: those that it knows by their names, and the competition's.
fn labels_of(csv: PathBuf, set: &LabelSet) -> LabelFile {
    const KNOWN: [(&str, &str); 6] = [
        ("ICH", "any"),
        ("IPH", "intraparenchymal"),
        ("IVH", "intraventricular"),
        ("SDH", "subdural"),
        ("EDH", "epidural"),
        ("SAH", "subarachnoid"),
    ];
    let mut labels = LabelFile::new(csv, Key::Path);
    labels.key_column = Some("name".to_owned());
    labels.level = Some(Level::Study);
    labels.readers = ["R1", "R2", "R3"].map(str::to_owned).to_vec();
    labels.agreement = Agreement::Majority;
    labels.rename = KNOWN
        .into_iter()
        .filter(|(_, label)| set.index_of(label).is_some())
        .map(|(column, label)| (column.to_owned(), label.to_owned()))
        .collect();
    labels
}

/// The number of an exam: of `CQ500-CT-12`, `CQ500CT12` and `CQ500CT12 CQ500CT12` 12.
fn number_of(name: &str) -> Option<u32> {
    let plain: String = name
        .split_whitespace()
        .next()?
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    plain.strip_prefix("CQ500CT")?.parse().ok()
}

/// The directories of exams below `root`, by their numbers, as paths below it; the first of several of one number.
fn exams<'a>(files: impl Iterator<Item = &'a Path>, root: &Path) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    for file in files {
        let below = file.strip_prefix(root).unwrap_or(file);
        let Some(directories) = below.parent() else {
            continue;
        };
        for directory in directories.ancestors() {
            let name = directory.file_name().unwrap_or_default().to_string_lossy();
            if let Some(number) = number_of(&name) {
                let path = ichflow_api::path_text::path_text(directory);
                found.entry(number).or_insert_with(|| path.replace('\\', "/"));
                break;
            }
        }
    }
    found
}

/// Directories that are called like another beside them, with `-2` at the end.
fn copies<'a>(files: impl Iterator<Item = &'a Path>) -> HashSet<PathBuf> {
    let series: HashSet<&Path> = files.filter_map(Path::parent).collect();
    let is_copy = |one: &Path| {
        let name = one.file_name().unwrap_or_default().to_string_lossy();
        let first = name.strip_suffix("-2").map(|name| one.with_file_name(name));
        first.is_some_and(|first| series.contains(first.as_path()))
    };
    let copies = series.iter().filter(|one| is_copy(one));
    copies.map(|one| one.to_path_buf()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exams_are_known_by_their_number_however_it_is_written() {
        for name in ["CQ500-CT-12", "CQ500CT12", "CQ500CT12 CQ500CT12", "cq500_ct_012"] {
            assert_eq!(number_of(name), Some(12), "{name}");
        }
        for name in ["Unknown Study", "CQ500CT", "CT 5mm", ""] {
            assert_eq!(number_of(name), None, "{name}");
        }
    }

    #[test]
    fn copies_are_those_that_have_an_original() {
        let files = [
            "a/CT 5mm/1",
            "a/CT 5mm-2/1",
            "a/CT 5mm-2/2",
            "a/CT BONE-2/1",
            "b/CT-2/1",
            "CT/1",
        ]
        .map(Path::new);
        let copies = copies(files.into_iter());
        assert_eq!(copies, HashSet::from([PathBuf::from("a/CT 5mm-2")]));
    }
}
