//! The labels CSV: six rows per image, in any order, some of them repeated.
//!
//! The competition's has 4.5 million rows. Nearly all are `ID_<9 digits>_<subtype>,<0 or 1>` to the letter,
//! which is read without looking for the ends of fields and lines first; any other row, quoted or padded, goes
//! the long way, and only that one knows what is wrong with it.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use ichflow_api::data::labels::{COUNT, LABELS};
use ichflow_api::data::submission::split_row;
use ichflow_api::prelude::*;

use super::image_id::{ImageId, ImageMap};

/// Examples shown of one kind of mistake.
const EXAMPLES: usize = 5;
/// All six labels seen.
const ALL: u8 = (1 << COUNT) - 1;
/// Bytes read at once; a line must fit.
const BUFFER: usize = 1 << 20;

/// Labels of every image of a CSV.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelTable {
    /// The labels.
    pub of_image: ImageMap<Labels>,
    /// Number of images with repeated rows.
    pub repeated_images: usize,
    /// Number of rows dropped because they repeat an earlier one.
    pub repeated_rows: usize,
    /// Number of images whose `any` is not the OR of the five sub-types.
    pub inconsistent: usize,
}

/// What was seen of one image so far, one bit a label.
#[derive(Clone, Copy, Default)]
struct Seen {
    present: u8,
    positive: u8,
    repeated: bool,
}

impl LabelTable {
    /// Reads a CSV with the columns `ID` and `Label`.
    pub fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).at("open", path)?;
        Self::parse(file, &path.display().to_string())
    }

    /// Parses a CSV; `name` stands for it in messages.
    pub fn parse(mut source: impl Read, name: &str) -> Result<Self> {
        let mut rows = Rows::default();
        let mut buffer = vec![0; BUFFER];
        let mut filled = 0;
        loop {
            let read = match source.read(&mut buffer[filled..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                read => read.doing(format!("cannot read {name}"))?,
            };
            filled += read;
            // The last line may lack its end.
            let done = match read {
                0 => rows.lines(&buffer[..filled], true),
                _ => rows.lines(&buffer[..filled], false),
            };
            if !rows.head.unwrap_or(true) {
                return Err(
                    Error::new(format!("{name} does not start with the columns `ID,Label`"))
                        .help("it should be the competition's stage_2_train.csv"),
                );
            }
            buffer.copy_within(done..filled, 0);
            filled -= done;
            if read == 0 {
                break;
            }
            if filled == buffer.len() {
                return Err(Error::new(format!(
                    "{name}: line {} has more than {BUFFER} bytes",
                    rows.line + 1
                )));
            }
        }
        rows.finish(name)
    }

    fn from_seen(seen: &ImageMap<Seen>, repeated_rows: usize) -> Self {
        let mut table = Self {
            of_image: HashMap::with_capacity_and_hasher(seen.len(), Default::default()),
            repeated_rows,
            ..Self::default()
        };
        for (image, seen) in seen {
            let labels: Labels = std::array::from_fn(|label| seen.positive & (1 << label) != 0);
            table.repeated_images += usize::from(seen.repeated);
            table.inconsistent += usize::from(labels[0] != labels[1..].contains(&true));
            table.of_image.insert(*image, labels);
        }
        table
    }

    /// What a person should know of it, in words.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.repeated_images > 0 {
            let (images, are) = match self.repeated_images {
                1 => ("image", "is"),
                _ => ("images", "are"),
            };
            remarks.push(format!(
                "{} {images} {are} listed twice in the labels; the {} repeated rows were dropped",
                self.repeated_images, self.repeated_rows
            ));
        }
        if self.inconsistent > 0 {
            remarks.push(format!(
                "{} images have an `any` that is not the OR of their sub-types; it was kept as it is",
                self.inconsistent
            ));
        }
        remarks
    }
}

/// The rows so far.
#[derive(Default)]
struct Rows {
    /// Whether the first line is the right one; none before it was read.
    head: Option<bool>,
    /// Lines so far.
    line: usize,
    seen: ImageMap<Seen>,
    repeated_rows: usize,
    bad: Examples,
    contradictions: Examples,
}

impl Rows {
    /// Takes the whole lines of some bytes, and at the end what is left; gives how many bytes that were.
    fn lines(&mut self, bytes: &[u8], at_end: bool) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if let Some((row, length)) = plain_row(rest).filter(|_| self.head == Some(true)) {
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
            if self.head.is_none() {
                self.head = Some(is_head(line));
                if self.head == Some(false) {
                    break;
                }
                continue;
            }
            match parse_row(line) {
                Some(row) => self.add(row),
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

    fn finish(self, name: &str) -> Result<LabelTable> {
        let (bad, contradictions) = (self.bad, self.contradictions);
        if self.head.is_none() {
            return Err(Error::new(format!("{name} is empty")));
        }
        if bad.count > 0 {
            return Err(
                Error::new(format!("{name}: {} bad rows: {}", bad.count, bad.text()))
                    .help("a row is `ID_<9 hexadecimal digits>_<subtype>,<0 or 1>`"),
            );
        }
        if contradictions.count > 0 {
            return Err(Error::new(format!(
                "{name} contradicts itself: {} rows are there as 0 and as 1: {}",
                contradictions.count,
                contradictions.text()
            ))
            .help("decide which is right and remove the other rows"));
        }
        check_complete(&self.seen, name)?;
        Ok(LabelTable::from_seen(&self.seen, self.repeated_rows))
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

fn is_head(line: &[u8]) -> bool {
    // Spreadsheet programs put a byte-order mark in front.
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let mut fields = line.split(|byte| *byte == b',').map(bare);
    fields.next() == Some(b"ID") && fields.next() == Some(b"Label")
}

fn parse_row(line: &[u8]) -> Option<Row> {
    let mut fields = line.split(|byte| *byte == b',').map(bare);
    let (image, label) = split_row(fields.next()?)?;
    let positive = match fields.next()? {
        b"0" | b"0.0" => false,
        b"1" | b"1.0" => true,
        _ => return None,
    };
    match fields.next() {
        None => Some((ImageId::parse(image)?, label, positive)),
        Some(_) => None,
    }
}

/// A field without spaces and quotes around it.
fn bare(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    let quoted = field
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    quoted.unwrap_or(field).trim_ascii()
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
        "{name} lacks rows: {} images do not have all six labels: {}",
        missing.count,
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

/// A count with its first few examples.
#[derive(Default)]
struct Examples {
    count: usize,
    shown: Vec<String>,
}

impl Examples {
    fn add(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        if self.shown.len() < EXAMPLES {
            self.shown.push(example());
        }
    }

    fn text(&self) -> String {
        let more = if self.count > self.shown.len() {
            ", …"
        } else {
            ""
        };
        format!("{}{more}", self.shown.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<LabelTable> {
        LabelTable::parse(text.as_bytes(), "labels.csv")
    }

    /// Rows of an image with a subdural bleed.
    fn rows(image: &str) -> Vec<String> {
        LABELS
            .iter()
            .map(|label| {
                format!(
                    "{image}_{label},{}",
                    u8::from(matches!(*label, "any" | "subdural"))
                )
            })
            .collect()
    }

    fn csv(rows: &[String]) -> String {
        format!("ID,Label\n{}\n", rows.join("\n"))
    }

    #[test]
    fn rows_may_come_in_any_order_and_twice() {
        let mut all = rows("ID_00000000a");
        all.extend(rows("ID_00000000b"));
        all.reverse();
        let table = parse(&csv(&all)).unwrap();
        assert_eq!(table.of_image.len(), 2);
        assert_eq!(table.remarks(), Vec::<String>::new());
        let labels = [true, false, false, false, false, true];
        assert_eq!(table.of_image[&ImageId::from_bits(10)], labels);
        all.extend(rows("ID_00000000a"));
        let again = parse(&csv(&all)).unwrap();
        assert_eq!(again.of_image, table.of_image);
        assert_eq!(
            again.remarks(),
            ["1 image is listed twice in the labels; the 6 repeated rows were dropped"]
        );
    }

    #[test]
    fn contradictions_are_named() {
        let mut all = rows("ID_00000000a");
        all.push("ID_00000000a_epidural,1".into());
        let message = parse(&csv(&all)).unwrap_err().to_string();
        assert!(
            message.ends_with("1 rows are there as 0 and as 1: ID_00000000a_epidural"),
            "{message}"
        );
    }

    #[test]
    fn missing_rows_are_counted_with_examples() {
        let mut all = rows("ID_00000000a");
        all.remove(1);
        let message = parse(&csv(&all)).unwrap_err().to_string();
        assert!(
            message.ends_with("1 images do not have all six labels: ID_00000000a (epidural)"),
            "{message}"
        );
    }

    #[test]
    fn bad_rows_are_shown_with_their_lines() {
        let mut all = rows("ID_00000000a");
        all[2] = "ID_00000000a_intraparenchymal,maybe".into();
        all.push("ID_0a_any,1".into());
        all.push("ID_00000000a_any,1,1".into());
        let message = parse(&csv(&all)).unwrap_err().to_string();
        assert_eq!(
            message,
            "labels.csv: 3 bad rows: line 4: ID_00000000a_intraparenchymal,maybe, line 8: ID_0a_any,1, \
             line 9: ID_00000000a_any,1,1"
        );
        assert!(parse("Image,Label\n").is_err());
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
        let text = format!("\u{feff}ID,Label\r\n{}\r\n", rows("ID_00000000a").join("\r\n"));
        assert_eq!(parse(&text).unwrap().of_image.len(), 1);
    }

    #[test]
    fn quotes_and_spaces_and_a_missing_last_line_end_do_no_harm() {
        let mut all = rows("ID_00000000a");
        all[1] = "\"ID_00000000a_epidural\", 0.0 ".into();
        all[2] = String::new();
        all[3] = " ID_00000000a_intraparenchymal,\"0\"\nID_00000000a_intraventricular,0".into();
        let text = csv(&all);
        let table = parse(text.trim_end()).unwrap();
        assert_eq!(
            table.of_image[&ImageId::from_bits(10)],
            [true, false, false, false, false, true]
        );
        assert!(parse("").is_err());
        assert_eq!(parse("ID,Label\n").unwrap().of_image.len(), 0);
    }

    /// Gives one byte at a time, so that every line is cut everywhere.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = usize::from(!self.0.is_empty());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut() {
        let mut all = rows("ID_00000000a");
        all.extend(rows("ID_00000000b"));
        let text = csv(&all);
        let dripped = LabelTable::parse(Drops(text.as_bytes()), "labels.csv").unwrap();
        assert_eq!(dripped, parse(&text).unwrap());
        all[3] = "ID_00000000a_nothing,1".into();
        let text = csv(&all);
        let dripped = LabelTable::parse(Drops(text.as_bytes()), "labels.csv").unwrap_err();
        assert_eq!(dripped.to_string(), parse(&text).unwrap_err().to_string());
        assert!(
            dripped.to_string().contains("line 5: ID_00000000a_nothing,1"),
            "{dripped}"
        );
    }

    #[test]
    fn any_that_is_no_or_is_remarked_upon() {
        let mut all = rows("ID_00000000a");
        all[0] = "ID_00000000a_any,0".into();
        assert_eq!(parse(&csv(&all)).unwrap().inconsistent, 1);
    }
}
