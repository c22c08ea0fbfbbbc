//! The parameters of one CSV of labels.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ichflow_api::prelude::*;

use super::key::Key;
use super::readers::Agreement;

/// A CSV of labels, and what its columns mean. Its delimiter, byte-order mark and encoding are found.
///
/// A row names its slices by a key and has labels in one of three forms: a column for each label (the usual one); one
/// label a row, with `label_column` and `value_column`; or the names of those that are there, with `label_column` alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelFile {
    /// The CSV.
    pub csv: PathBuf,
    /// By what rows name their slices.
    pub key: Key,
    /// The column of the key; by default the one that is called like it. A text with columns in braces is put together of
    /// them, numbers with zeros in front where a width is given: `"ct_scans/{PatientNumber:03}.nii"`.
    #[serde(default)]
    pub key_column: Option<String>,
    /// The column with the number of the slice, where the key names a file of several or a series: its place in the file,
    /// or its InstanceNumber.
    #[serde(default)]
    pub slice_column: Option<String>,
    /// The number of a file's first slice in `slice_column`.
    #[serde(default = "one")]
    pub first_slice: u32,
    /// What rows are about, where the key is a path: by default slices, series where files hold several slices, and studies
    /// where the paths are those of directories. Other keys say it themselves.
    #[serde(default)]
    pub level: Option<Level>,
    /// The label that a column (or, in long tables, a name) stands for, where it is called otherwise than the label; letters
    /// alone count, so that `Sub-dural` needs none. `"!any"` is the opposite of a label, and `""` nothing. Several columns of
    /// one label are positive if any is.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// The column with the name of a label, or of all that are there, separated by `;`, `,`, `|`, `+` or `/`.
    #[serde(default)]
    pub label_column: Option<String>,
    /// The column with the value of the label that `label_column` names.
    #[serde(default)]
    pub value_column: Option<String>,
    /// Readers, as the columns of their labels call them.
    #[serde(default)]
    pub readers: Vec<String>,
    /// What the columns of a reader's labels are called.
    #[serde(default = "reader_columns")]
    pub reader_columns: String,
    /// The column with the reader's name, where readers have rows of their own. With `readers`, others are left out.
    #[serde(default)]
    pub reader_column: Option<String>,
    /// What several readers come to.
    #[serde(default)]
    pub agreement: Agreement,
    /// Whether values between 0 and 1 are probabilities, and labels soft.
    #[serde(default)]
    pub soft: bool,
    /// Values that mean yes, beside `1`, `true`, `yes`, `positive`, `present`.
    #[serde(default)]
    pub positive: Vec<String>,
    /// Values that mean no, beside `0`, `false`, `no`, `negative`, `absent`.
    #[serde(default)]
    pub negative: Vec<String>,
    /// Values that say nothing, beside empty ones, `NA`, `NaN`, `null`, `?` and `unknown`. What is missing is not
    /// negative.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Whether it corrects the files before it: its values stand in place of theirs.
    #[serde(default)]
    pub corrects: bool,
    /// The column with the SHA-256 of the row's file, as `ichflow cohort export` writes it; by default the one called
    /// `sha256`. A file whose content is another one is left out.
    #[serde(default)]
    pub digest_column: Option<String>,
    /// Columns that are kept with the slices, such as the site or the ward: `evaluate` has subgroups by them, and `hold-out`
    /// and `site-split` divide by them. Reports show their values, so name none that identifies a patient. A column `age`
    /// or `sex` stands in where headers say neither. A table may have kept columns alone, and no labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<String>,
}

fn one() -> u32 {
    1
}

fn reader_columns() -> String {
    "{reader}:{label}".to_owned()
}

impl LabelFile {
    /// A CSV with a column for each label, of values 0 and 1.
    pub fn new(csv: impl Into<PathBuf>, key: Key) -> Self {
        Self {
            csv: csv.into(),
            key,
            key_column: None,
            slice_column: None,
            first_slice: one(),
            level: None,
            rename: BTreeMap::new(),
            label_column: None,
            value_column: None,
            readers: Vec::new(),
            reader_columns: reader_columns(),
            reader_column: None,
            agreement: Agreement::default(),
            soft: false,
            positive: Vec::new(),
            negative: Vec::new(),
            missing: Vec::new(),
            corrects: false,
            digest_column: None,
            keep: Vec::new(),
        }
    }

    /// What its rows are about, as far as the parameters tell.
    pub(crate) fn stated_level(&self) -> Option<Level> {
        self.key.level().or(self.level)
    }

    /// Mistakes that types cannot express; `at` is the place of this file among the parameters.
    pub(super) fn check(&self, at: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut say = |key: &str, message: String, help: &str| {
            problems.push(Problem::new(format!("{at}.{key}"), message).help(help));
        };
        if let (Some(known), Some(stated)) = (self.key.level(), self.level)
            && known != stated
        {
            say(
                "level",
                format!("a {} names a {known}, not a {stated}", self.key),
                "leave `level` out: it is for keys that are paths",
            );
        }
        if self.value_column.is_some() && self.label_column.is_none() {
            say(
                "value_column",
                "the column of values is there without the column of labels".to_owned(),
                "name it with `label_column`; a table with a column for each label needs neither",
            );
        }
        if !self.readers.is_empty() && self.reader_column.is_none() {
            if !self.reader_columns.contains("{label}") || !self.reader_columns.contains("{reader}") {
                say(
                    "reader_columns",
                    format!(
                        "`{}` has no {{reader}} or no {{label}} in it",
                        self.reader_columns
                    ),
                    "write it as `R1:ICH` is, \"{reader}:{label}\"",
                );
            }
            if self.label_column.is_some() {
                say(
                    "readers",
                    "readers of a table with one label a row have rows of their own".to_owned(),
                    "name the column with `reader_column`",
                );
            }
        }
        for (place, column) in self.keep.iter().enumerate() {
            if self.keep[..place]
                .iter()
                .any(|known| known.trim() == column.trim())
            {
                say(
                    "keep",
                    format!("the column `{}` is there twice", column.trim()),
                    "name each once",
                );
            }
        }
        let doubled = self.readers.iter().enumerate();
        for (place, reader) in doubled {
            if self.readers[..place].contains(reader) {
                say(
                    "readers",
                    format!("the reader `{reader}` is there twice"),
                    "name each once",
                );
            }
        }
        if let Some(Err(problem)) = self.key_column.as_deref().map(super::template::Template::parse) {
            say(
                "key_column",
                problem,
                "write columns in braces: \"ct_scans/{PatientNumber:03}.nii\"",
            );
        }
        problems
    }
}
