//! The first line: which column holds what.

use ichflow_api::prelude::*;

use super::label_file::LabelFile;
use super::template::Template;
use super::words::plain;

/// Columns that a message names.
const SHOWN: usize = 30;

/// What a column or a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A label, by its place in the set, or its opposite.
    Label { label: usize, inverted: bool },
    /// Nothing, as `rename` says.
    Nothing,
    /// It was never heard of.
    Unknown,
}

/// What names mean: labels by their own, others as `rename` says.
#[derive(Clone, Debug)]
pub(super) struct Meanings {
    /// As written, in plain letters, and what it means.
    renamed: Vec<(String, String, Meaning)>,
    /// Labels in plain letters.
    labels: Vec<String>,
}

impl Meanings {
    /// # Errors
    /// Where `rename` names a label that is none.
    pub(super) fn of(file: &LabelFile, set: &LabelSet) -> Result<Self> {
        let labels: Vec<String> = set.names().iter().map(|name| plain(name)).collect();
        let mut renamed = Vec::new();
        for (name, to) in &file.rename {
            let (inverted, label) = match to.trim().strip_prefix('!') {
                Some(label) => (true, label.trim()),
                None => (false, to.trim()),
            };
            let meaning = match set.index_of(label) {
                Some(label) => Meaning::Label { label, inverted },
                None if to.trim().is_empty() => Meaning::Nothing,
                None => {
                    return Err(Error::new(format!(
                        "`rename` has `{name}` stand for `{label}`, which is no label"
                    ))
                    .help(format!("labels are {set}; a recipe's [labels] declares others")));
                }
            };
            renamed.push((name.trim().to_owned(), plain(name), meaning));
        }
        Ok(Self { renamed, labels })
    }

    /// What a name means.
    pub(super) fn meaning(&self, name: &str) -> Meaning {
        let name = name.trim();
        let exact = self.renamed.iter().find(|(written, ..)| written == name);
        if let Some((_, _, meaning)) = exact {
            return *meaning;
        }
        let bare = plain(name);
        if bare.is_empty() {
            return Meaning::Unknown;
        }
        let similar = self.renamed.iter().find(|(_, renamed, _)| *renamed == bare);
        if let Some((_, _, meaning)) = similar {
            return *meaning;
        }
        match self.labels.iter().position(|label| *label == bare) {
            Some(label) => Meaning::Label {
                label,
                inverted: false,
            },
            None => Meaning::Unknown,
        }
    }
}

/// A column of a label's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LabelColumn {
    pub column: usize,
    /// Whose values they are.
    pub reader: usize,
    pub label: usize,
    pub inverted: bool,
}

/// Where a row's labels are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A column for each label.
    Wide(Vec<LabelColumn>),
    /// A row is of one label.
    Long { label: usize, value: usize },
    /// A column names the labels that are there.
    Names(usize),
}

/// Which column holds what.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub key: Template,
    /// The columns that the key is made of.
    pub key_columns: Vec<usize>,
    pub slice: Option<usize>,
    pub digest: Option<usize>,
    pub reader: Option<usize>,
    pub form: Form,
    /// The columns that stay with the slices, in the order of `keep`.
    pub kept: Vec<usize>,
    /// Number of columns.
    pub count: usize,
    /// Names of columns that nothing is read from.
    pub unused: Vec<String>,
}

impl Columns {
    /// Whether there is a label in a row at all, or kept columns alone.
    pub(super) fn has_labels(&self) -> bool {
        !matches!(&self.form, Form::Wide(labels) if labels.is_empty())
    }

    /// # Errors
    /// Which column is missing, and which there are.
    pub(super) fn of(names: &[String], file: &LabelFile, meanings: &Meanings, name: &str) -> Result<Self> {
        let there = Present { names, name };
        let (key, key_columns) = match &file.key_column {
            Some(text) => {
                let whole = names.iter().position(|known| known.trim() == text.trim());
                let template = match whole {
                    // A column may have braces in its name.
                    Some(_) => Template::of_column(text),
                    None => Template::parse(text).map_err(Error::new)?,
                };
                let columns = template.columns().map(|column| there.named("key_column", column));
                let columns = columns.collect::<Result<Vec<usize>>>()?;
                (template, columns)
            }
            None => {
                let column = file.key.column_in(names).ok_or_else(|| {
                    there
                        .lacks(format!("has no column that is called like the key, {}", file.key))
                        .help("name it with `key_column`")
                })?;
                (Template::of_column(&names[column]), vec![column])
            }
        };
        let named = |key: &str, column: &Option<String>| -> Result<Option<usize>> {
            column
                .as_deref()
                .map(|column| there.named(key, column))
                .transpose()
        };
        let slice = named("slice_column", &file.slice_column)?;
        let digest = match &file.digest_column {
            Some(_) => named("digest_column", &file.digest_column)?,
            None => names.iter().position(|known| plain(known) == "sha256"),
        };
        let reader = named("reader_column", &file.reader_column)?;
        let form = match (
            named("label_column", &file.label_column)?,
            named("value_column", &file.value_column)?,
        ) {
            (Some(label), Some(value)) => Form::Long { label, value },
            (Some(label), None) => Form::Names(label),
            (None, _) => Form::Wide(wide(&there, file, meanings, &key_columns)?),
        };
        let kept = file.keep.iter().map(|column| there.named("keep", column));
        let kept = kept.collect::<Result<Vec<usize>>>()?;
        let is_used = |column: usize| {
            key_columns.contains(&column)
                || kept.contains(&column)
                || [slice, digest, reader].contains(&Some(column))
                || match &form {
                    Form::Wide(labels) => labels.iter().any(|label| label.column == column),
                    Form::Long { label, value } => [*label, *value].contains(&column),
                    Form::Names(names) => *names == column,
                }
        };
        let unused = names.iter().enumerate();
        let unused = unused
            .filter(|(column, name)| !is_used(*column) && !name.trim().is_empty())
            .map(|(_, name)| name.trim().to_owned())
            .collect();
        Ok(Self {
            key,
            key_columns,
            slice,
            digest,
            reader,
            form,
            kept,
            count: names.len(),
            unused,
        })
    }
}

/// The columns of a first line.
struct Present<'a> {
    names: &'a [String],
    /// The file.
    name: &'a str,
}

impl Present<'_> {
    fn named(&self, parameter: &str, column: &str) -> Result<usize> {
        let column = column.trim();
        let exact = self.names.iter().position(|known| known.trim() == column);
        exact
            .or_else(|| self.names.iter().position(|known| plain(known) == plain(column)))
            .ok_or_else(|| self.lacks(format!("has no column `{column}`, which `{parameter}` names")))
    }

    /// An error that says which columns there are.
    fn lacks(&self, what: String) -> Error {
        let shown: Vec<&str> = self.names.iter().take(SHOWN).map(|name| name.trim()).collect();
        let more = if self.names.len() > SHOWN { ", …" } else { "" };
        Error::new(format!("{} {what}; it has {}{more}", self.name, shown.join(", ")))
    }
}

/// The columns of a table with a column for each label, of each reader if there are any.
fn wide(
    present: &Present,
    file: &LabelFile,
    meanings: &Meanings,
    keys: &[usize],
) -> Result<Vec<LabelColumn>> {
    let of_columns = file.reader_column.is_none() && !file.readers.is_empty();
    let mut found = Vec::new();
    for (column, name) in present.names.iter().enumerate() {
        if keys.contains(&column) {
            continue;
        }
        let (reader, label) = match of_columns {
            false => (0, name.trim()),
            true => match reader_of(name.trim(), file) {
                Some(of_reader) => of_reader,
                None => continue,
            },
        };
        if let Meaning::Label { label, inverted } = meanings.meaning(label) {
            found.push(LabelColumn {
                column,
                reader,
                label,
                inverted,
            });
        }
    }
    if let (true, Some((_, reader))) = (
        of_columns,
        file.readers
            .iter()
            .enumerate()
            .find(|(place, _)| found.iter().all(|label| label.reader != *place)),
    ) {
        let pattern = &file.reader_columns;
        return Err(present
            .lacks(format!(
                "has no column of a label by the reader `{reader}`, as `{pattern}`"
            ))
            .help("`rename` says which label a column stands for, `reader_columns` how columns are called"));
    }
    if found.is_empty() && file.keep.is_empty() {
        return Err(present.lacks("has no column that is called like a label".to_owned()).help(
            "`rename = { COLUMN = \"label\" }` says what columns stand for; a table with one label a row needs \
             `label_column` and `value_column`, one with names of labels `label_column`",
        ));
    }
    Ok(found)
}

/// The reader and the label of a column called like `R1:ICH`.
fn reader_of<'a>(column: &'a str, file: &LabelFile) -> Option<(usize, &'a str)> {
    file.readers.iter().enumerate().find_map(|(place, reader)| {
        let pattern = file.reader_columns.replace("{reader}", reader);
        let (before, after) = pattern.split_once("{label}")?;
        let label = column.strip_prefix(before)?.strip_suffix(after)?;
        (!label.is_empty()).then_some((place, label))
    })
}
