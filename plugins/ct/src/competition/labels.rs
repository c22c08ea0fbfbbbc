//! The labels CSV: six rows an image, in any order, some of them repeated.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use ichflow_api::labels::{COUNT, LABELS};
use ichflow_api::prelude::*;
use ichflow_api::submission::split_row;

use super::image_id::ImageId;

/// Examples shown of one kind of mistake.
const EXAMPLES: usize = 5;
/// All six labels seen.
const ALL: u8 = (1 << COUNT) - 1;

/// Labels of every image of a CSV.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelTable {
    /// The labels.
    pub of_image: HashMap<ImageId, Labels>,
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
    pub fn parse(source: impl Read, name: &str) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(source);
        let broken = |error| Error::caused_by(format!("cannot read {name}"), error);
        let head = reader.byte_headers().map_err(broken)?;
        if !is_head(head) {
            return Err(
                Error::new(format!("{name} does not start with the columns `ID,Label`"))
                    .help("it should be the competition's stage_2_train.csv"),
            );
        }
        let mut seen: HashMap<ImageId, Seen> = HashMap::new();
        let mut bad = Examples::default();
        let mut contradictions = Examples::default();
        let mut repeated_rows = 0;
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(broken)? {
            let Some((image, label, positive)) = parse_row(&record) else {
                let line = record.position().map_or(0, csv::Position::line);
                bad.add(|| format!("line {line}: {}", excerpt(&record)));
                continue;
            };
            let entry = seen.entry(image).or_default();
            let bit = 1 << label;
            if entry.present & bit != 0 {
                repeated_rows += 1;
                entry.repeated = true;
                if (entry.positive & bit != 0) != positive {
                    contradictions.add(|| format!("{image}_{}", LABELS[label]));
                }
            }
            entry.present |= bit;
            if positive {
                entry.positive |= bit;
            }
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
        check_complete(&seen, name)?;
        Ok(Self::from_seen(&seen, repeated_rows))
    }

    fn from_seen(seen: &HashMap<ImageId, Seen>, repeated_rows: usize) -> Self {
        let mut table = Self {
            of_image: HashMap::with_capacity(seen.len()),
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

fn is_head(head: &csv::ByteRecord) -> bool {
    // Spreadsheet programs put a byte-order mark in front.
    let first = head.get(0).unwrap_or_default();
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    first.trim_ascii() == b"ID" && head.get(1).unwrap_or_default().trim_ascii() == b"Label"
}

fn parse_row(record: &csv::ByteRecord) -> Option<(ImageId, usize, bool)> {
    let (image, label) = split_row(record.get(0)?.trim_ascii())?;
    let positive = match record.get(1)?.trim_ascii() {
        b"0" | b"0.0" => false,
        b"1" | b"1.0" => true,
        _ => return None,
    };
    (record.len() == 2).then_some((ImageId::parse(image)?, label, positive))
}

fn check_complete(seen: &HashMap<ImageId, Seen>, name: &str) -> Result<()> {
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

fn excerpt(record: &csv::ByteRecord) -> String {
    let text = record
        .iter()
        .map(|field| String::from_utf8_lossy(field))
        .collect::<Vec<_>>()
        .join(",");
    text.chars().take(60).collect()
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
    fn any_that_is_no_or_is_remarked_upon() {
        let mut all = rows("ID_00000000a");
        all[0] = "ID_00000000a_any,0".into();
        assert_eq!(parse(&csv(&all)).unwrap().inconsistent, 1);
    }
}
