//! The rows.
//!
//! The competition's table has 4.5 million. Nearly all are `ID_<9 digits>_<subtype>,<0 or 1>` to the letter, which is read
//! without looking for the ends of fields and lines first; any other row, quoted or padded, goes the long way, and only
//! that one knows what is wrong with it.

use ichflow_api::counted::counted;
use ichflow_api::data::labels::rsna::{COUNT, LABELS};
use ichflow_api::data::submission::split_row;
use ichflow_api::prelude::*;

use super::super::image_id::{ImageId, ImageMap};
use super::columns::{Columns, LabelColumns, Refused, fields};
use crate::examples::Examples;

/// All six labels seen.
const ALL: u8 = (1 << COUNT) - 1;

/// What was seen of one image so far, one bit a label.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    present: u8,
    positive: u8,
    /// Whether a label of it was there more than once.
    pub repeated: bool,
}

impl Seen {
    /// Its labels; those that were not seen count as absent.
    pub(super) fn labels(self) -> [bool; COUNT] {
        std::array::from_fn(|label| self.positive & (1 << label) != 0)
    }
}

/// All rows of a table.
pub(super) struct Read {
    /// What was seen of each image.
    pub seen: ImageMap<Seen>,
    /// Number of rows that repeat an earlier one.
    pub repeated_rows: usize,
    /// Names of columns that nothing is read from.
    pub unused: Vec<String>,
}

/// The rows so far.
pub(super) struct Rows {
    separator: u8,
    /// What the first line says; none before it was read.
    columns: Option<Columns>,
    /// Why the first line is of no table of labels, if it is of none.
    pub refused: Option<Refused>,
    /// Whether rows are as the competition's.
    plain: bool,
    /// Lines so far.
    line: usize,
    seen: ImageMap<Seen>,
    repeated_rows: usize,
    bad: Examples,
    contradictions: Examples,
}

impl Rows {
    /// Nothing read but so many lines before the first.
    pub(super) fn new(separator: u8, lines_before: usize) -> Self {
        Self {
            separator,
            columns: None,
            refused: None,
            plain: false,
            line: lines_before,
            seen: ImageMap::default(),
            repeated_rows: 0,
            bad: Examples::default(),
            contradictions: Examples::default(),
        }
    }

    /// Number of lines so far.
    pub(super) fn lines_read(&self) -> usize {
        self.line
    }

    /// Takes the whole lines of some bytes, and at the end what is left; gives how many bytes that were.
    pub(super) fn lines(&mut self, bytes: &[u8], at_end: bool) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if let Some((row, length)) = plain_row(rest).filter(|_| self.plain) {
                self.line += 1;
                self.add(row);
                at += length;
                continue;
            }
            let (line, length) = match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => (&rest[..end], end + 1),
                None if at_end => (rest, rest.len()),
                None => break,
            };
            self.line += 1;
            at += length;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let Some(columns) = &self.columns else {
                match Columns::of(line, self.separator) {
                    Ok(columns) => {
                        self.plain = columns.are_plain();
                        self.columns = Some(columns);
                        continue;
                    }
                    Err(refused) => {
                        self.refused = Some(refused);
                        break;
                    }
                }
            };
            match parse_row(line, columns) {
                Some(rows) => rows.into_iter().flatten().for_each(|row| self.add(row)),
                None => self.bad.add(|| format!("line {}: {}", self.line, excerpt(line))),
            }
        }
        at
    }

    fn add(&mut self, (image, label, positive): Row) {
        let entry = self.seen.entry(image).or_default();
        let bit = 1 << label;
        if entry.present & bit != 0 {
            self.repeated_rows += 1;
            entry.repeated = true;
            if (entry.positive & bit != 0) != positive {
                self.contradictions.add(|| format!("{image}_{}", LABELS[label]));
            }
        }
        entry.present |= bit;
        if positive {
            entry.positive |= bit;
        }
    }

    /// What was read, if all rows are right.
    ///
    /// # Errors
    /// Names the rows that are wrong, contradict each other or lack others.
    pub(super) fn finish(self, name: &str) -> Result<Read> {
        let (bad, contradictions) = (self.bad, self.contradictions);
        let Some(columns) = self.columns else {
            return Err(Error::new(format!("{name} is empty"))
                .help("it should be the competition's stage_2_train.csv; was it cut short on the way?"));
        };
        if bad.count > 0 {
            return Err(
                Error::new(format!("{name}: {} bad rows: {}", bad.count, bad.text())).help(
                    match columns.labels {
                        LabelColumns::Long(_) => "a row is `ID_<9 hexadecimal digits>_<subtype>,<0 or 1>`",
                        LabelColumns::Wide(_) => {
                            "a row is `ID_<9 hexadecimal digits>`, and 0 or 1 for each label"
                        }
                    },
                ),
            );
        }
        if contradictions.count > 0 {
            return Err(Error::new(format!(
                "{name} contradicts itself: {} there as 0 and as 1: {}",
                counted(contradictions.count, "row is", "rows are"),
                contradictions.text()
            ))
            .help("decide which is right and remove the other rows"));
        }
        check_complete(&self.seen, name)?;
        Ok(Read {
            seen: self.seen,
            repeated_rows: self.repeated_rows,
            unused: columns.unused,
        })
    }
}

/// Image, index of the label, and the label.
type Row = (ImageId, usize, bool);

/// A row written to the letter, with its line end, and its length in bytes.
fn plain_row(bytes: &[u8]) -> Option<(Row, usize)> {
    let (image, rest) = (bytes.get(..12)?, bytes.get(12..)?);
    let image = ImageId::parse(image)?;
    let rest = rest.strip_prefix(b"_")?;
    let label = LABELS
        .iter()
        .position(|label| rest.starts_with(label.as_bytes()) && rest.get(label.len()) == Some(&b','))?;
    let length = LABELS[label].len();
    let positive = match rest.get(length + 1..length + 3)? {
        b"0\n" => false,
        b"1\n" => true,
        _ => return None,
    };
    Some(((image, label, positive), 13 + length + 3))
}

/// The rows of a line, one for each label it has; nothing where it is none.
fn parse_row(line: &[u8], columns: &Columns) -> Option<[Option<Row>; COUNT]> {
    let fields: Vec<&[u8]> = fields(line, columns.separator).collect();
    // Separators at the end stand for columns that are empty.
    let beyond = fields.get(columns.count..).unwrap_or_default();
    if beyond.iter().any(|field| !field.is_empty()) {
        return None;
    }
    let id = *fields.get(columns.id)?;
    let value = |column: usize| is_positive(fields.get(column)?, columns.separator);
    let mut rows = [None; COUNT];
    match columns.labels {
        LabelColumns::Long(column) => {
            let (image, label) = split_row(id, &LabelSet::rsna())?;
            rows[0] = Some((ImageId::parse(image)?, label, value(column)?));
        }
        LabelColumns::Wide(of_labels) => {
            let image = ImageId::parse(id.strip_suffix(b".dcm").unwrap_or(id))?;
            for (label, column) in of_labels.into_iter().enumerate() {
                rows[label] = Some((image, label, value(column)?));
            }
        }
    }
    Some(rows)
}

fn is_positive(field: &[u8], separator: u8) -> Option<bool> {
    match field {
        b"0" | b"0.0" => Some(false),
        b"1" | b"1.0" => Some(true),
        // Where commas separate nothing, they are decimal ones.
        b"0,0" if separator != b',' => Some(false),
        b"1,0" if separator != b',' => Some(true),
        _ if field.eq_ignore_ascii_case(b"false") => Some(false),
        _ if field.eq_ignore_ascii_case(b"true") => Some(true),
        _ => None,
    }
}

fn check_complete(seen: &ImageMap<Seen>, name: &str) -> Result<()> {
    let mut incomplete: Vec<_> = seen.iter().filter(|(_, seen)| seen.present != ALL).collect();
    if incomplete.is_empty() {
        return Ok(());
    }
    incomplete.sort_by_key(|(image, _)| **image);
    let mut missing = Examples::default();
    for (image, seen) in incomplete {
        missing.add(|| {
            let absent = |label: &usize| seen.present & (1 << label) == 0;
            let names: Vec<&str> = (0..COUNT).filter(absent).map(|label| LABELS[label]).collect();
            format!("{image} ({})", names.join(", "))
        });
    }
    Err(Error::new(format!(
        "{name} lacks rows: {} all six labels: {}",
        counted(missing.count, "image does not have", "images do not have"),
        missing.text()
    ))
    .help("download the file again; it may have been cut short"))
}

fn excerpt(line: &[u8]) -> String {
    String::from_utf8_lossy(line.trim_ascii())
        .chars()
        .take(60)
        .collect()
}
