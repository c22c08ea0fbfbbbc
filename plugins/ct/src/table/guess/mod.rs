//! What the columns of a CSV seem to mean, told by the slices that its cells name.
//!
//! [`cells`] holds the CSV, [`labels`] knows what people call labels and readers.

mod cells;
mod labels;

use std::collections::BTreeSet;
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::prelude::*;

use self::cells::Cells;
pub(crate) use self::labels::set_of;
use self::labels::{READER_NAMES, labels_of, readers_of};
use super::units::{Hit, Units};
use super::words::{is_missing, is_nothing, plain};
use super::{Key, LabelFile, RowName};

/// Different names of one column looked for among the slices.
const NAMES: usize = 300;

/// What columns with numbers of slices are called.
const SLICE_NUMBERS: [&str; 7] = [
    "slicenumber",
    "sliceindex",
    "sliceno",
    "slice",
    "frame",
    "framenumber",
    "instancenumber",
];
/// What columns of single labels are called, and of their values.
const LABEL_NAMES: [&str; 10] = [
    "label",
    "labelname",
    "labels",
    "finding",
    "findings",
    "diagnosis",
    "class",
    "category",
    "subtype",
    "type",
];
const VALUE_NAMES: [&str; 7] = [
    "value",
    "present",
    "truth",
    "positive",
    "answer",
    "probability",
    "score",
];

/// What a CSV seems to be.
pub(crate) struct Guess {
    /// The parameters by which it would be read.
    pub file: LabelFile,
    /// The labels it has.
    pub labels: Vec<String>,
    /// What was found, in words.
    pub found: Vec<String>,
    /// What was guessed, in words.
    pub guessed: Vec<String>,
    /// Number of names of slices that were found among the slices, of those looked for.
    pub hits: usize,
}

/// Looks at a CSV beside slices below `root`. Nothing where it has no column that could be a label.
///
/// # Errors
/// When it cannot be read, or is no table.
pub(crate) fn guess(csv: &Path, slices: &[Slice], root: &Path) -> Result<Option<Guess>> {
    let cells = Cells::read(csv)?;
    let Some((key, column, hits, looked)) = key_of(&cells, slices, root) else {
        return Ok(None);
    };
    let mut file = LabelFile::new(csv, key);
    let (mut found, mut guessed) = (Vec::new(), Vec::new());
    let column_name = cells.names[column].trim().to_owned();
    if key.column_in(&cells.names) != Some(column) {
        file.key_column = Some(column_name.clone());
    }
    found.push(format!(
        "`{column_name}` holds a {key} of the slices: {hits} of {} were found",
        counted(looked, "name that was looked for", "names that were looked for")
    ));
    let named = |known: &[&str]| {
        let is_it = |name: &String| known.contains(&plain(name).as_str());
        (0..cells.names.len()).find(|place| *place != column && is_it(&cells.names[*place]))
    };
    let repeats = cells.distinct(column).len() < cells.columns[column].len();
    if let Some(slice) = named(&SLICE_NUMBERS).filter(|slice| repeats && cells.are_numbers(*slice)) {
        let from = cells.least(slice);
        file.slice_column = Some(cells.names[slice].trim().to_owned());
        file.first_slice = u32::from(from != Some(0));
        guessed.push(format!(
            "`{}` is the number of a slice, from {} on",
            cells.names[slice].trim(),
            file.first_slice
        ));
    }
    if let Some(reader) = named(&READER_NAMES) {
        file.reader_column = Some(cells.names[reader].trim().to_owned());
        guessed.push("readers are of one weight, and more than half of them decide".to_owned());
    }
    let label = named(&LABEL_NAMES).filter(|label| cells.are_values(*label).is_none());
    let labels = match label {
        Some(label) => {
            // Whatever it is called: a table of names alone has no values beside them.
            let is_free = |place: &usize| {
                let name = Some(cells.names[*place].trim().to_owned());
                ![column, label].contains(place)
                    && ![&file.slice_column, &file.reader_column].contains(&&name)
            };
            let others = (0..cells.names.len()).filter(is_free);
            let values = others.filter(|place| cells.are_values(*place).is_some());
            let value = named(&VALUE_NAMES)
                .filter(|place| cells.are_values(*place).is_some())
                .or(values.min());
            long_or_names(&cells, label, value, &mut file, &mut guessed)
        }
        None => wide(&cells, column, &mut file, &mut found, &mut guessed),
    };
    if labels.is_empty() {
        return Ok(None);
    }
    Ok(Some(Guess {
        file,
        labels,
        found,
        guessed,
        hits,
    }))
}

/// The key, its column, how many of its names are slices' and how many were looked for: of all columns and keys the pair
/// that most names speak for, of equal ones the narrowest key, then the first column.
fn key_of(cells: &Cells, slices: &[Slice], root: &Path) -> Option<(Key, usize, usize, usize)> {
    let mut best: Option<(Key, usize, usize, usize)> = None;
    for key in Key::ALL {
        let units = Units::by(key, slices, root);
        for column in 0..cells.names.len() {
            // Numbers of slices and labels are names of files, too: `1`.
            let is_label = cells.are_values(column).is_some()
                || SLICE_NUMBERS.contains(&plain(&cells.names[column]).as_str());
            let names: Vec<&str> = cells.distinct(column).into_iter().take(NAMES).collect();
            if is_label || names.is_empty() {
                continue;
            }
            let is_there = |name: &&&str| {
                let name = RowName {
                    key: (**name).to_owned(),
                    slice: None,
                };
                matches!(units.find(&name, 0), Hit::Slices { .. })
            };
            let hits = names.iter().filter(is_there).count();
            if hits > 0 && best.is_none_or(|(.., most, _)| hits > most) {
                best = Some((key, column, hits, names.len()));
            }
        }
    }
    // Nothing is there: what columns are called is left.
    best.or_else(|| {
        let named = Key::ALL
            .into_iter()
            .filter_map(|key| Some((key, key.column_in(&cells.names)?)));
        named
            .map(|(key, column)| (key, column, 0, cells.distinct(column).len().min(NAMES)))
            .next()
    })
}

/// The labels of a table with one label a row, or with the names of labels.
fn long_or_names(
    cells: &Cells,
    label: usize,
    value: Option<usize>,
    file: &mut LabelFile,
    guessed: &mut Vec<String>,
) -> Vec<String> {
    file.label_column = Some(cells.names[label].trim().to_owned());
    match value {
        Some(value) => {
            let name = cells.names[value].trim();
            guessed.push(format!("`{name}` is the value of the label that a row names"));
            file.value_column = Some(name.to_owned());
            file.soft = cells.are_values(value) == Some(true);
        }
        None => guessed
            .push("a row names the labels that are there, and those it does not name are not".to_owned()),
    }
    let between = |letter: char| value.is_none() && [';', ',', '|', '+', '/'].contains(&letter);
    let names: BTreeSet<&str> = cells
        .distinct(label)
        .into_iter()
        .flat_map(|cell| cell.split(between))
        .map(str::trim)
        .filter(|name| !name.is_empty() && !is_nothing(name) && !is_missing(&name.to_lowercase()))
        .collect();
    labels_of(names.into_iter(), file, guessed)
}

/// The labels of a table with a column for each, of each reader if there are any.
fn wide(
    cells: &Cells,
    key: usize,
    file: &mut LabelFile,
    found: &mut Vec<String>,
    guessed: &mut Vec<String>,
) -> Vec<String> {
    let mut names = Vec::new();
    let mut soft = false;
    for column in (0..cells.names.len()).filter(|column| *column != key) {
        let name = cells.names[column].trim();
        if [&file.slice_column, &file.reader_column].contains(&&Some(name.to_owned())) {
            continue;
        }
        if let Some(is_soft) = cells.are_values(column) {
            soft |= is_soft;
            names.push(name);
        }
    }
    file.soft = soft;
    if soft {
        guessed.push("values between 0 and 1 are probabilities, and labels soft".to_owned());
    }
    if let Some((readers, pattern, labels)) = readers_of(&names) {
        found.push(format!(
            "columns of {} readers: {}",
            readers.len(),
            readers.join(", ")
        ));
        guessed.push("more than half of the readers decide".to_owned());
        file.readers = readers;
        file.reader_columns = pattern;
        return labels_of(labels.into_iter(), file, guessed);
    }
    labels_of(names.into_iter(), file, guessed)
}
