//! The rows: what was said of each key, by whom.

use std::borrow::Cow;
use std::collections::HashMap;

use ichflow_api::prelude::*;

use super::columns::{Columns, Form, Meaning, Meanings};
use super::values::{Unclear, Values};
use super::words::{is_missing, is_nothing};
use super::{LabelFile, LabelRow, RowName};
use crate::examples::Examples;

/// What separates names of labels in one cell.
const BETWEEN_NAMES: [char; 5] = [';', ',', '|', '+', '/'];
/// Characters of a cell that a message shows.
const SHOWN: usize = 30;

/// What was said of one key.
struct Entry {
    name: RowName,
    line: u64,
    digest: Option<String>,
    /// A value for each label of each reader, one reader after the other.
    values: Vec<Option<f32>>,
    /// A text for each kept column.
    kept: Vec<Option<String>>,
}

/// The rows so far.
pub(super) struct Rows<'a> {
    file: &'a LabelFile,
    set: &'a LabelSet,
    meanings: &'a Meanings,
    columns: &'a Columns,
    values: Values,
    readers: Vec<String>,
    entries: Vec<Entry>,
    place_of: HashMap<RowName, usize>,
    count: usize,
    repeated: usize,
    keyless: Vec<u64>,
    bad: Examples,
    probabilities: bool,
    contradictions: Examples,
    of_other_readers: usize,
}

/// What all rows come to.
pub(super) struct Read {
    /// One for each key, in the order of the file.
    pub rows: Vec<LabelRow>,
    /// Number of rows.
    pub count: usize,
    /// Number of rows that say again what an earlier one says.
    pub repeated: usize,
    /// Lines without a key.
    pub keyless: Vec<u64>,
    /// Number of rows of readers who were not asked for.
    pub of_other_readers: usize,
    /// Number of readers.
    pub readers: usize,
    /// Number of labels on which readers have no majority.
    pub undecided: usize,
    /// Number of rows whose union is not that of the other labels.
    pub inconsistent: usize,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        file: &'a LabelFile,
        set: &'a LabelSet,
        meanings: &'a Meanings,
        columns: &'a Columns,
    ) -> Self {
        let readers = match (&file.reader_column, file.readers.is_empty()) {
            (None, true) => vec![String::new()],
            _ => file
                .readers
                .iter()
                .map(|reader| reader.trim().to_owned())
                .collect(),
        };
        Self {
            file,
            set,
            meanings,
            columns,
            values: Values::of(file),
            readers,
            entries: Vec::new(),
            place_of: HashMap::new(),
            count: 0,
            repeated: 0,
            keyless: Vec::new(),
            bad: Examples::default(),
            probabilities: false,
            contradictions: Examples::default(),
            of_other_readers: 0,
        }
    }

    /// Takes a row.
    pub(super) fn add(&mut self, line: u64, cells: &[Cow<'_, str>]) {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        self.count += 1;
        let beyond = cells.get(self.columns.count..).unwrap_or_default();
        if beyond.iter().any(|cell| !cell.trim().is_empty()) {
            let (there, wanted) = (cells.len(), self.columns.count);
            self.bad
                .add(|| format!("line {line}: {there} cells where there are {wanted} columns"));
            return;
        }
        let columns = self.columns;
        let cell = |column: usize| cells.get(column).map_or("", |cell| cell.trim());
        let Some(key) = columns.key.filled(|place| cell(columns.key_columns[place])) else {
            self.keyless.push(line);
            return;
        };
        let slice = match columns
            .slice
            .map(|column| number(cell(column)).ok_or(cell(column)))
        {
            None => None,
            Some(Ok(slice)) => Some(slice),
            Some(Err(text)) => {
                self.bad
                    .add(|| format!("line {line}: `{}` is no number of a slice", shown(text)));
                return;
            }
        };
        let Some(reader) = self.reader(columns.reader.map(cell)) else {
            self.of_other_readers += 1;
            return;
        };
        let Some(said) = self.said(line, reader, &cell) else {
            return;
        };
        let digest = columns.digest.map(cell).filter(|digest| !digest.is_empty());
        let kept: Vec<&str> = columns.kept.iter().map(|column| cell(*column)).collect();
        let place = self.merge(RowName { key, slice }, line, digest, said);
        self.keep(place, line, &kept);
    }

    /// The place of a reader, none of one who was not asked for.
    fn reader(&mut self, name: Option<&str>) -> Option<usize> {
        let Some(name) = name else { return Some(0) };
        let known = self.readers.iter().position(|reader| reader == name);
        if known.is_none() && self.file.readers.is_empty() {
            self.readers.push(name.to_owned());
            return Some(self.readers.len() - 1);
        }
        known
    }

    /// What a row says: place among all values, and the value.
    fn said<'c>(
        &mut self,
        line: u64,
        reader: usize,
        cell: &impl Fn(usize) -> &'c str,
    ) -> Option<Vec<(usize, Option<f32>)>> {
        let labels = self.set.len();
        let columns = self.columns;
        match &columns.form {
            Form::Wide(of_labels) => {
                let mut said: Vec<(usize, Option<f32>)> = Vec::with_capacity(of_labels.len());
                for column in of_labels {
                    let value = self.value(line, cell(column.column))?;
                    let value = if column.inverted {
                        value.map(|value| 1.0 - value)
                    } else {
                        value
                    };
                    let reader = if columns.reader.is_some() {
                        reader
                    } else {
                        column.reader
                    };
                    let place = reader * labels + column.label;
                    match said.iter_mut().find(|(known, _)| *known == place) {
                        Some((_, known)) => *known = either([*known, value].into_iter()),
                        None => said.push((place, value)),
                    }
                }
                Some(said)
            }
            Form::Long { label, value } => match self.meanings.meaning(cell(*label)) {
                Meaning::Label { label, inverted } => {
                    let value = self.value(line, cell(*value))?;
                    let value = if inverted {
                        value.map(|value| 1.0 - value)
                    } else {
                        value
                    };
                    Some(vec![(reader * labels + label, value)])
                }
                Meaning::Nothing => Some(Vec::new()),
                Meaning::Unknown => {
                    let name = shown(cell(*label)).to_owned();
                    self.bad.add(|| format!("line {line}: `{name}` is no label"));
                    None
                }
            },
            Form::Names(names) => self.named(line, reader, cell(*names)),
        }
    }

    fn value(&mut self, line: u64, cell: &str) -> Option<Option<f32>> {
        match self.values.parse(cell) {
            Ok(value) => Some(value),
            Err(unclear) => {
                self.probabilities |= unclear == Unclear::Probability;
                self.bad
                    .add(|| format!("line {line}: `{}` is no value of a label", shown(cell)));
                None
            }
        }
    }

    /// The labels that a cell names: those are there, all others are not.
    fn named(&mut self, line: u64, reader: usize, cell: &str) -> Option<Vec<(usize, Option<f32>)>> {
        let labels = self.set.len();
        let at = reader * labels;
        if is_missing(&cell.to_ascii_lowercase()) || self.file.missing.iter().any(|word| word == cell) {
            return Some((0..labels).map(|label| (at + label, None)).collect());
        }
        let mut named = vec![false; labels];
        // A name may have such a letter in it.
        let parts: Vec<&str> = match self.meanings.meaning(cell) {
            Meaning::Unknown => cell.split(BETWEEN_NAMES).map(str::trim).collect(),
            _ => vec![cell],
        };
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            match self.meanings.meaning(part) {
                Meaning::Label { label, inverted } => named[label] |= !inverted,
                Meaning::Nothing => {}
                Meaning::Unknown if is_nothing(part) => {}
                Meaning::Unknown => {
                    self.bad
                        .add(|| format!("line {line}: `{}` is no label", shown(part)));
                    return None;
                }
            }
        }
        let union = self.set.union();
        // Who names the union alone does not say which of the others it is.
        let is_open =
            union.is_some_and(|union| named[union]) && named.iter().filter(|named| **named).count() == 1;
        let value = |label: usize| match named[label] {
            true => Some(1.0),
            false if is_open || Some(label) == union => None,
            false => Some(0.0),
        };
        Some((0..labels).map(|label| (at + label, value(label))).collect())
    }

    /// Keeps what a row has in kept columns, of the entry at a place.
    fn keep(&mut self, place: usize, line: u64, kept: &[&str]) {
        let entry = &mut self.entries[place];
        for (at, text) in kept.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            match &entry.kept[at] {
                None => entry.kept[at] = Some((*text).to_owned()),
                Some(known) if known != text => {
                    let (first, column) = (entry.line, &self.file.keep[at]);
                    self.contradictions
                        .add(|| format!("lines {first} and {line} ({column})"));
                }
                Some(_) => {}
            }
        }
    }

    /// Adds to what was said of a key, and gives the entry's place.
    fn merge(
        &mut self,
        name: RowName,
        line: u64,
        digest: Option<&str>,
        said: Vec<(usize, Option<f32>)>,
    ) -> usize {
        let place = match self.place_of.get(&name) {
            Some(place) => *place,
            None => {
                self.place_of.insert(name.clone(), self.entries.len());
                self.entries.push(Entry {
                    name,
                    line,
                    digest: digest.map(str::to_owned),
                    values: Vec::new(),
                    kept: vec![None; self.columns.kept.len()],
                });
                self.entries.len() - 1
            }
        };
        let entry = &mut self.entries[place];
        entry
            .values
            .resize(entry.values.len().max(self.readers.len() * self.set.len()), None);
        let names = matches!(self.columns.form, Form::Names(_));
        let mut again = false;
        for (at, value) in said {
            let known = &mut entry.values[at];
            match (*known, value) {
                (_, None) => {}
                (None, Some(_)) => *known = value,
                // One finding a row: what one row names the others need not.
                (Some(a), Some(b)) if names => *known = Some(a.max(b)),
                (Some(a), Some(b)) => {
                    again = true;
                    if a != b {
                        let (first, label) = (entry.line, self.set.name(at % self.set.len()));
                        self.contradictions
                            .add(|| format!("lines {first} and {line} ({label})"));
                    }
                }
            }
        }
        self.repeated += usize::from(again);
        place
    }

    /// What the rows come to.
    ///
    /// # Errors
    /// Names the rows that cannot be understood or contradict each other.
    pub(super) fn finish(self, name: &str) -> Result<Read> {
        if self.bad.count > 0 {
            let error = Error::new(format!(
                "{name}: {} that cannot be read: {}",
                ichflow_api::counted::counted(self.bad.count, "row", "rows"),
                self.bad.text()
            ));
            return Err(error.help(match self.probabilities {
                true => "probabilities are read with `soft = true`",
                false => "`positive`, `negative` and `missing` say what other words mean, `rename` what other labels do",
            }));
        }
        if self.contradictions.count > 0 {
            return Err(Error::new(format!(
                "{name} contradicts itself: {}",
                self.contradictions.text()
            ))
            .help(format!(
                "rows of one {} should say the same; is it the right key? Rows by different readers need `reader_column`",
                self.file.key
            )));
        }
        let labels = self.set.len();
        let (mut undecided, mut inconsistent) = (0, 0);
        let mut rows = Vec::with_capacity(self.entries.len());
        for entry in self.entries {
            let of_label = |label: usize| entry.values.iter().skip(label).step_by(labels).copied();
            let mut values: Vec<Option<f32>> = Vec::with_capacity(labels);
            for label in 0..labels {
                let agreed = self.file.agreement.of(of_label(label));
                undecided += usize::from(agreed.is_none() && of_label(label).any(|value| value.is_some()));
                values.push(agreed);
            }
            inconsistent += usize::from(complete_union(&mut values, self.set));
            rows.push(LabelRow {
                name: entry.name,
                line: entry.line,
                digest: entry.digest,
                values,
                kept: entry.kept,
            });
        }
        Ok(Read {
            rows,
            count: self.count,
            repeated: self.repeated,
            keyless: self.keyless,
            of_other_readers: self.of_other_readers,
            readers: self.readers.len(),
            undecided,
            inconsistent,
        })
    }
}

/// Fills in the union of the other labels where nobody said it; says whether it is there and is not their union.
fn complete_union(values: &mut [Option<f32>], set: &LabelSet) -> bool {
    let Some(union) = set.union().filter(|_| set.len() > 1) else {
        return false;
    };
    let others = (0..values.len()).filter(|label| *label != union);
    let of_others = either(others.map(|label| values[label]));
    match (values[union], of_others) {
        (None, of_others) => {
            values[union] = of_others;
            false
        }
        (Some(stated), Some(of_others)) => (stated >= 0.5) != (of_others >= 0.5),
        (Some(_), None) => false,
    }
}

/// Whether one of several holds: the greatest if one is positive or all are known, else nothing.
pub(super) fn either(values: impl Iterator<Item = Option<f32>>) -> Option<f32> {
    let (mut most, mut open) = (None, false);
    for value in values {
        match value {
            Some(value) => most = Some(f32::max(most.unwrap_or(0.0), value)),
            None => open = true,
        }
    }
    most.filter(|most| *most >= 0.5 || !open)
}

fn number(cell: &str) -> Option<u32> {
    cell.strip_suffix(".0").unwrap_or(cell).parse().ok()
}

fn shown(text: &str) -> &str {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
