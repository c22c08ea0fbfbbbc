//! A CSV of labels that was read.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::prelude::*;
use ichflow_api::text_table::TextTable;

use super::columns::{Columns, Meanings};
use super::key::Key;
use super::label_file::LabelFile;
use super::rows::{Read, Rows};

/// What a row names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RowName {
    /// A path, a UID, a number, as [`LabelTable::key`] says.
    pub key: String,
    /// The number of the slice in what `key` names, as the table counts.
    pub slice: Option<u32>,
}

/// What a table says of one key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LabelRow {
    /// What it is said of.
    pub name: RowName,
    /// The first line that says it, from 1.
    pub line: u64,
    /// SHA-256 of the file that was labelled, in hexadecimal digits.
    pub digest: Option<String>,
    /// A value for each label of the set; nothing where none is known.
    pub values: Vec<Option<f32>>,
    /// A text for each of the table's kept columns; nothing where the cell is blank.
    pub kept: Vec<Option<String>>,
}

/// A CSV of labels that was read: one row for each key, whatever form it came in.
#[derive(Clone, Debug)]
pub(crate) struct LabelTable {
    /// What messages call it: the name of its file.
    pub name: String,
    /// By what rows name their slices.
    pub key: Key,
    /// What rows are about, as far as key and parameters tell.
    pub level: Option<Level>,
    /// The number of a file's first slice.
    pub first_slice: u32,
    /// Whether its values stand in place of earlier ones.
    pub corrects: bool,
    /// Whether it has labels, or kept columns alone.
    pub has_labels: bool,
    /// The columns that stay with the slices.
    pub keep: Vec<String>,
    /// In the order of the file.
    pub rows: Vec<LabelRow>,
    /// Lines without a key.
    pub keyless: Vec<u64>,
    /// How it was read, and what deserves attention, in words.
    pub remarks: Vec<String>,
}

impl LabelTable {
    /// Reads a CSV.
    ///
    /// # Errors
    /// When it cannot be read or is no table; where columns are missing, cells cannot be understood, or rows contradict each
    /// other.
    pub(crate) fn read(file: &LabelFile, set: &LabelSet) -> Result<Self> {
        let source = std::fs::File::open(&file.csv).at("open", &file.csv)?;
        Self::parse(source, file, set)
    }

    /// Parses the text of a CSV.
    ///
    /// # Errors
    /// As [`LabelTable::read`].
    pub(crate) fn parse(source: impl std::io::Read, file: &LabelFile, set: &LabelSet) -> Result<Self> {
        let path = file.csv.display().to_string();
        let name = file.csv.file_name().unwrap_or(file.csv.as_os_str());
        let name = ichflow_api::path_text::path_text(Path::new(name));
        let table = TextTable::of(source, &path)?;
        let (separator, encoding, lines_before) = (table.separator, table.encoding, table.lines_before);
        let mut text = Vec::new();
        let mut source = table.text;
        source
            .read_to_end(&mut text)
            .doing(format!("cannot read {path}"))?;
        let is_utf8 = std::str::from_utf8(&text).is_ok();
        let cell = |bytes: &'_ [u8]| -> String { decoded(bytes, is_utf8).into_owned() };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .from_reader(&text[..]);
        let names: Vec<String> = reader
            .byte_headers()
            .doing(format!("cannot read {path}"))?
            .iter()
            .map(cell)
            .collect();
        if names.iter().all(|name| name.trim().is_empty()) {
            return Err(
                Error::new(format!("{path} is empty")).help("it should begin with the names of its columns")
            );
        }
        let meanings = Meanings::of(file, set)?;
        let columns = Columns::of(&names, file, &meanings, &path)?;
        let mut rows = Rows::new(file, set, &meanings, &columns);
        let mut record = csv::ByteRecord::new();
        let mut lines = Lines::of(&text, lines_before);
        while reader
            .read_byte_record(&mut record)
            .doing(format!("cannot read {path}"))?
        {
            let line = lines.at(record.position().map_or(0, csv::Position::byte));
            let cells: Vec<Cow<'_, str>> = record.iter().map(|bytes| decoded(bytes, is_utf8)).collect();
            rows.add(line, &cells);
        }
        let read = rows.finish(&path)?;
        let how = format!(
            "{}, separated by {}",
            if is_utf8 {
                encoding
            } else {
                "not UTF-8, read as Windows-1252"
            },
            match separator {
                b'\t' => "tabs".to_owned(),
                other => format!("`{}`", char::from(other)),
            }
        );
        let remarks = remarks(&name, &how, &read, &columns, file, set);
        Ok(Self {
            name,
            key: file.key,
            level: file.stated_level(),
            first_slice: file.first_slice,
            corrects: file.corrects,
            has_labels: columns.has_labels(),
            keep: file.keep.iter().map(|column| column.trim().to_owned()).collect(),
            rows: read.rows,
            keyless: read.keyless,
            remarks,
        })
    }
}

/// Numbers of lines. The CSV reader's own are off by one where lines end as on Windows.
struct Lines<'a> {
    text: &'a [u8],
    /// Bytes so far.
    at: usize,
    /// The line there.
    line: u64,
}

impl<'a> Lines<'a> {
    fn of(text: &'a [u8], lines_before: usize) -> Self {
        Self {
            text,
            at: 0,
            line: 1 + lines_before as u64,
        }
    }

    /// The line of the record that begins at a byte, after line ends before it.
    fn at(&mut self, byte: u64) -> u64 {
        let begin = usize::try_from(byte)
            .unwrap_or(usize::MAX)
            .clamp(self.at, self.text.len());
        let rest = &self.text[begin..];
        let ends = rest
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let passed = &self.text[self.at..begin + ends];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = begin + ends;
        self.line
    }
}

/// What a person should know of a table, in words; the first says how it was read.
fn remarks(
    name: &str,
    how: &str,
    read: &Read,
    columns: &Columns,
    file: &LabelFile,
    set: &LabelSet,
) -> Vec<String> {
    let readers = match read.readers {
        0 | 1 => String::new(),
        several => format!(", {several} readers"),
    };
    let mut remarks = vec![format!(
        "{name}: {how}; {} of {} by {}{readers}",
        counted(read.count, "row", "rows"),
        counted(read.rows.len(), "key", "keys"),
        file.key
    )];
    let mut say = |text: String| remarks.push(format!("{name}: {text}"));
    let unknown: Vec<&str> = (0..set.len())
        .filter(|label| !read.rows.is_empty() && read.rows.iter().all(|row| row.values[*label].is_none()))
        .map(|label| set.name(label))
        .collect();
    if !unknown.is_empty() && !file.corrects && columns.has_labels() {
        say(format!(
            "it says nothing of {}, which stays missing",
            unknown.join(", ")
        ));
    }
    if read.repeated > 0 {
        say(format!(
            "{} what earlier ones say and had no effect",
            counted(read.repeated, "row repeats", "rows repeat")
        ));
    }
    if !read.keyless.is_empty() {
        say(format!(
            "{} no key ({})",
            counted(read.keyless.len(), "row has", "rows have"),
            super::unmatched::lines(read.keyless.iter().copied())
        ));
    }
    if read.of_other_readers > 0 {
        say(format!(
            "{} of other readers and had no effect",
            counted(read.of_other_readers, "row is", "rows are")
        ));
    }
    if read.undecided > 0 {
        say(format!(
            "readers have no majority on {}, which stay missing",
            counted(read.undecided, "label", "labels")
        ));
    }
    if let (true, Some(union)) = (read.inconsistent > 0, set.union()) {
        say(format!(
            "{} a `{}` that is not the union of the other labels; it was kept as it is",
            counted(read.inconsistent, "key has", "keys have"),
            set.name(union)
        ));
    }
    if !columns.unused.is_empty() {
        say(format!(
            "columns that nothing is read from: {}",
            columns.unused.join(", ")
        ));
    }
    remarks
}

/// A cell as text: UTF-8, or else Windows-1252, which spreadsheet programs of Western Europe write.
fn decoded(bytes: &[u8], is_utf8: bool) -> Cow<'_, str> {
    match is_utf8 {
        true => String::from_utf8_lossy(bytes),
        false => bytes
            .iter()
            .map(|byte| windows_1252(*byte))
            .collect::<String>()
            .into(),
    }
}

fn windows_1252(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}
