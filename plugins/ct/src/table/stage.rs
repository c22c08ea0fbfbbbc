//! Any directory, with labels in CSVs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ichflow_api::data::{cohort, scan};
use ichflow_api::needs::{Known, Needs};
use ichflow_api::prelude::*;

use super::{LabelFile, LabelTable, Matched, digests, matched, unmatched};
use crate::foresee::foresee;
use crate::headers::{Files, Loaded, Wanted};
use crate::kinds::Kind;

/// Loads every slice below a directory, whatever its files are called, and labels for them from one CSV or several.
///
/// Rows name slices by a path or by what headers say: a SOPInstanceUID, a series, a study, an accession number, a patient.
/// Labels of a series, study or patient hold for all its slices, and the cohort says so. Rows without an image and images
/// without a label are counted, said, and listed in `labels_unmatched.csv` of the run; a label that is missing in the CSV
/// is missing, and not negative. A recipe's `[labels]` says which labels there are. `ichflow table inspect` shows what
/// would match before anything runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The directory; all directories below it are searched too.
    pub path: PathBuf,
    /// Tables of labels. What one leaves open another may fill in.
    #[schemars(length(min = 1))]
    pub labels: Vec<LabelFile>,
    /// Directory of test slices, which training never sees; without it there is no output `test`.
    #[serde(default)]
    pub test_path: Option<PathBuf>,
    /// Tables of the labels of test slices, where their answers are known.
    #[serde(default)]
    pub test_labels: Vec<LabelFile>,
    /// Number of unusable slices beyond which loading fails; none: any number is tolerated and reported.
    #[serde(default)]
    pub max_quarantined: Option<usize>,
    /// Kinds of images that are excluded because they are no axial slices of CT in Hounsfield units; by default all that
    /// are known. They are listed among the excluded slices with their reasons, and do not count for `max_quarantined`.
    #[serde(default = "Kind::all")]
    pub exclude: Vec<Kind>,
}

impl Stage for Table {
    const NAME: &'static str = "table";
    const FAMILY: Family = Family::Load;
    const SUMMARY: &'static str = "any directory tree of slices, with labels in CSVs";
    const EXAMPLE: &'static str = r#"
[load]
use = "table"
path = "data/hospital"
labels = [
  { csv = "data/reads.csv", key = "study_instance_uid", rename = { ICH = "any", SDH = "subdural" } },
]
"#;
    const SHARDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["max_quarantined"];

    fn ports() -> Ports {
        Ports::new()
            .offers(output::TRAIN)
            .offers(output::TEST_COHORT)
            .offers(output::PIXELS)
    }

    fn narrow(&self, all: Ports) -> Ports {
        all.offers_only_if(self.test_path.is_some(), output::TEST_COHORT)
    }

    fn reads(&self) -> Vec<ExternalPath> {
        let mut paths = vec![ExternalPath::directory("path", &self.path)];
        paths.extend(
            self.labels
                .iter()
                .map(|file| ExternalPath::file("labels", &file.csv)),
        );
        paths.extend(
            self.test_path
                .iter()
                .map(|path| ExternalPath::directory("test_path", path)),
        );
        paths.extend(
            self.test_labels
                .iter()
                .map(|file| ExternalPath::file("test_labels", &file.csv)),
        );
        paths
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, files) in [("labels", &self.labels), ("test_labels", &self.test_labels)] {
            for (place, file) in files.iter().enumerate() {
                problems.extend(file.check(&format!("{name}[{place}]")));
            }
        }
        match &self.test_path {
            None if !self.test_labels.is_empty() => problems.push(Problem::new(
                "test_labels",
                "labels of test slices are of use only with `test_path`",
            )),
            Some(test) if test.starts_with(&self.path) || self.path.starts_with(test) => problems.push(
                Problem::new("test_path", "training and test slices lie in one directory")
                    .help("give `path` and `test_path` two directories of which none is within the other"),
            ),
            _ => {}
        }
        problems
    }

    fn needs(&self, _known: &Known) -> Result<Needs> {
        let directories = std::iter::once(&self.path).chain(&self.test_path);
        foresee(directories.map(PathBuf::as_path))
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let set = context.label_set();
        let read = |files: &[LabelFile]| -> Result<Vec<LabelTable>> {
            files.iter().map(|file| LabelTable::read(file, set)).collect()
        };
        // Before the files, which take longer.
        let tables = read(&self.labels)?;
        let test_tables = read(&self.test_labels)?;
        load(self, &tables, &test_tables, set, context)
    }
}

ichflow_api::register!(Table);

/// Loads what a table's parameters say, with tables that were read already.
///
/// # Errors
/// Where nothing can be used, nothing matches, or tables contradict each other.
pub(crate) fn load(
    files: &Table,
    tables: &[LabelTable],
    test_tables: &[LabelTable],
    set: &LabelSet,
    context: &Context,
) -> Result<Outputs> {
    load_found(found(files, context)?, files, tables, test_tables, set, context)
}

/// As [`load`], of slices that a loader has found itself.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_found(
    mut loaded: Loaded,
    files: &Table,
    tables: &[LabelTable],
    test_tables: &[LabelTable],
    set: &LabelSet,
    context: &Context,
) -> Result<Outputs> {
    let is_part = loaded.is_part;
    let mut remarks: Vec<String> = tables.iter().flat_map(|table| table.remarks.clone()).collect();
    let test_remarks = test_tables.iter().flat_map(|table| &table.remarks);
    remarks.extend(test_remarks.map(|remark| format!("test labels: {remark}")));

    let is_test = |slice: &Slice| {
        files
            .test_path
            .as_ref()
            .is_some_and(|test| slice.file.starts_with(test))
    };
    let (test, train): (Vec<Slice>, Vec<Slice>) =
        std::mem::take(&mut loaded.slices).into_iter().partition(is_test);
    if train.is_empty() && !is_part {
        return Err(loaded.nothing_below(&files.path, context));
    }
    let mut matches = matched(tables, &train, &files.path, set)?;
    digests::verify(&mut matches, &train, context)?;
    let test_matches = match (&files.test_path, test_tables.is_empty()) {
        (Some(path), false) => {
            let mut matches = matched(test_tables, &test, path, set)?;
            digests::verify(&mut matches, &test, context)?;
            Some(matches)
        }
        _ => None,
    };
    if is_part {
        // What a shard lacks the others have.
        matches.remarks.clear();
    } else {
        remarks.append(&mut matches.remarks);
        let of_test = test_matches.iter().flat_map(|matches| &matches.remarks);
        remarks.extend(of_test.map(|remark| format!("test labels: {remark}")));
        list_unmatched(&matches, &train, context, &mut remarks)?;
    }
    if matches.labels.iter().all(Option::is_none) && !is_part {
        return Err(nothing_matches(&matches, tables, &train, &files.path));
    }
    let remarks = loaded.tell(context, remarks);
    let train = Cohort {
        slices: labelled(with_columns(train, matches.columns), matches.labels),
        remarks,
        labels: set.clone(),
        level: matches.level,
    };
    let test = files.test_path.is_some().then(|| Cohort {
        slices: match test_matches {
            Some(matches) => with_labels(with_columns(test, matches.columns), matches.labels),
            None => test,
        },
        remarks: Vec::new(),
        ..train.with_slices(Vec::new())
    });
    let mut parts = vec![("train", &train)];
    parts.extend(test.as_ref().map(|test| ("test", test)));
    cohort::record(context, &parts)?;
    let outputs = Outputs::new()
        .with(output::TRAIN, train)
        .with_some(output::TEST_COHORT, test)
        .with(output::PIXELS, loaded.pixels);
    Ok(if is_part { outputs.part() } else { outputs })
}

/// The slices of both directories.
pub(super) fn found(files: &Table, context: &Context) -> Result<Loaded> {
    let mut all = Files::default();
    all.add_below(&files.path, context)?;
    if let Some(test) = &files.test_path {
        all.add_below(test, context)?;
    }
    let wanted = Wanted {
        max_quarantined: files.max_quarantined,
        exclude: &files.exclude,
        single_frames: false,
    };
    all.load(context, &wanted)
}

/// Slices with their labels, those left out that have none.
fn labelled(slices: Vec<Slice>, labels: Vec<Option<Labels>>) -> Vec<Slice> {
    with_labels(slices, labels)
        .into_iter()
        .filter(|slice| slice.labels.is_some())
        .collect()
}

/// Slices with what kept columns say of them.
fn with_columns(mut slices: Vec<Slice>, columns: Vec<BTreeMap<String, String>>) -> Vec<Slice> {
    let mut some = false;
    for (slice, columns) in slices.iter_mut().zip(columns) {
        if !columns.is_empty() {
            some = true;
            Arc::make_mut(&mut slice.scan).columns = columns;
        }
    }
    if some {
        scan::share(&mut slices);
    }
    slices
}

fn with_labels(slices: Vec<Slice>, labels: Vec<Option<Labels>>) -> Vec<Slice> {
    let with = |(mut slice, labels): (Slice, Option<Labels>)| {
        slice.labels = labels;
        slice
    };
    slices.into_iter().zip(labels).map(with).collect()
}

/// Writes the list of what found no partner, and says where it is.
fn list_unmatched(
    matches: &Matched,
    slices: &[Slice],
    context: &Context,
    remarks: &mut Vec<String>,
) -> Result<()> {
    if matches.rows.is_empty() && matches.slices.is_empty() {
        return Ok(());
    }
    let path = context.file(unmatched::FILE)?;
    unmatched::write(&path, &matches.rows, &matches.slices, slices)?;
    remarks.push(format!(
        "{} lists all rows and slices without a partner",
        unmatched::FILE
    ));
    Ok(())
}

/// That no row names any slice, with the first reason. Keys that are no paths may name patients and stay untold.
fn nothing_matches(matches: &Matched, tables: &[LabelTable], slices: &[Slice], root: &Path) -> Error {
    let by_path = tables.iter().all(|table| table.key == super::Key::Path);
    let reason = match matches.rows.first() {
        Some(row) if by_path => format!("{}, line {}: `{}`: {}", row.table, row.line, row.key, row.reason),
        Some(row) => format!("{}, line {}: {}", row.table, row.line, row.reason),
        None => "labels of all rows are missing, or there are no rows".to_owned(),
    };
    let of_slices = slices.first().filter(|_| by_path).map(|slice| {
        let below = slice.file.strip_prefix(root).unwrap_or(&slice.file);
        format!(
            "; the first slice is `{}`",
            ichflow_api::path_text::path_text(below)
        )
    });
    Error::new(format!(
        "no row of labels names a slice below {}: {reason}{}",
        root.display(),
        of_slices.unwrap_or_default()
    ))
    .help("`ichflow table inspect` shows what would match; with --identify it shows keys")
}
