//! The labels of all images.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::data::labels::rsna::COUNT;
use ichflow_api::prelude::*;
use ichflow_api::text_table::TextTable;

use super::super::image_id::ImageMap;
use super::rows::{self, Rows};

/// Bytes read at once; a line must fit.
const BUFFER: usize = 1 << 20;

/// Labels of every image of a CSV.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelTable {
    /// The labels.
    pub of_image: ImageMap<[bool; COUNT]>,
    /// Number of images with repeated rows.
    pub repeated_images: usize,
    /// Number of rows dropped because they repeat an earlier one.
    pub repeated_rows: usize,
    /// Number of images whose `any` is not the OR of the five sub-types.
    pub inconsistent: usize,
    /// Names of columns that nothing is read from.
    pub unused: Vec<String>,
}

impl LabelTable {
    /// Reads a CSV with the columns `ID` and `Label`, or `ID` and one for each label. Others do no harm.
    ///
    /// # Errors
    /// When it cannot be read or is no table of labels, with what it is; when rows are wrong, missing, or contradict
    /// each other.
    pub fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).at("open", path)?;
        Self::parse(file, &path.display().to_string())
    }

    /// Parses a CSV; `name` stands for it in messages.
    ///
    /// # Errors
    /// As [`LabelTable::read`].
    pub fn parse(source: impl Read, name: &str) -> Result<Self> {
        let table = TextTable::of(source, name)?;
        let mut rows = Rows::new(table.separator, table.lines_before);
        let mut source = table.text;
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
            if let Some(refused) = &rows.refused {
                return Err(Error::new(format!("{name} {}", refused.found)).help(refused.help));
            }
            buffer.copy_within(done..filled, 0);
            filled -= done;
            if read == 0 {
                break;
            }
            if filled == buffer.len() {
                return Err(Error::new(format!(
                    "{name}: line {} has more than {BUFFER} bytes",
                    rows.lines_read() + 1
                )));
            }
        }
        Ok(Self::from_rows(rows.finish(name)?))
    }

    fn from_rows(rows: rows::Read) -> Self {
        let mut table = Self {
            of_image: HashMap::with_capacity_and_hasher(rows.seen.len(), Default::default()),
            repeated_rows: rows.repeated_rows,
            unused: rows.unused,
            ..Self::default()
        };
        for (image, seen) in &rows.seen {
            let labels = seen.labels();
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
            remarks.push(format!(
                "{} listed twice in the labels; the {} dropped",
                counted(self.repeated_images, "image is", "images are"),
                counted(self.repeated_rows, "repeated row was", "repeated rows were")
            ));
        }
        if self.inconsistent > 0 {
            remarks.push(format!(
                "{} an `any` that is not the OR of the sub-types; it was kept as it is",
                counted(self.inconsistent, "image has", "images have")
            ));
        }
        if !self.unused.is_empty() {
            remarks.push(format!(
                "columns of the labels that nothing is read from: {}",
                self.unused.join(", ")
            ));
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::image_id::ImageId;
    use super::*;
    use ichflow_api::data::labels::rsna::LABELS;

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
            message.ends_with("1 row is there as 0 and as 1: ID_00000000a_epidural"),
            "{message}"
        );
    }

    #[test]
    fn missing_rows_are_counted_with_examples() {
        let mut all = rows("ID_00000000a");
        all.remove(1);
        let message = parse(&csv(&all)).unwrap_err().to_string();
        assert!(
            message.ends_with("1 image does not have all six labels: ID_00000000a (epidural)"),
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

    /// The same labels, as other programs write them.
    #[test]
    fn a_table_of_whatever_make_is_read() {
        let mut all = rows("ID_00000000a");
        all.extend(rows("ID_00000000b"));
        let plain = parse(&csv(&all)).unwrap();
        let each = |change: &dyn Fn(&str) -> String| {
            let changed: Vec<String> = all.iter().map(|row| change(row)).collect();
            changed.join("\n")
        };
        let semicolons = format!("sep=;\nid;LABEL\n{}", each(&|row| row.replace(',', ";")));
        let tabs = format!("ID\tLabel\n{}", each(&|row| row.replace(',', "\t")));
        let trailing = format!("ID,Label\n{}", each(&|row| format!("{row},,")));
        let index = format!(",ID,Label\n{}", each(&|row| format!("7,{row}")));
        let words = each(&|row| row.replace(",1", ",True").replace(",0", ",false"));
        for text in [semicolons, tabs, trailing, index, format!("ID,Label\n{words}")] {
            assert_eq!(parse(&text).unwrap(), plain, "{text}");
        }
        let third = format!("ID,Label,Source\n{}", each(&|row| format!("{row},\"a, b\"")));
        let third = parse(&third).unwrap();
        assert_eq!(third.of_image, plain.of_image);
        assert_eq!(
            third.remarks(),
            ["columns of the labels that nothing is read from: Source"]
        );
        let wide = "Image,any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural\n\
                    ID_00000000a,1,0,0,0,0,1\nID_00000000b.dcm,1,0,0,0,0,1\n";
        assert_eq!(parse(wide).unwrap(), plain);
        let utf16: Vec<u8> = format!("\u{feff}{}", csv(&all))
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(LabelTable::parse(&utf16[..], "labels.csv").unwrap(), plain);
    }

    #[test]
    fn what_is_no_table_of_labels_is_told_for_what_it_is() {
        let said = |text: &str| parse(text).unwrap_err().to_string();
        let row = said("ID_00000000a_any,1\n");
        assert!(row.contains("starts with the row `ID_00000000a_any,1`"), "{row}");
        let other = said("Image,Label\n");
        assert!(other.contains("starts with `Image,Label`"), "{other}");
        let book = said("PK\u{3}\u{4} xl/workbook.xml");
        assert!(book.contains("labels.csv is an Excel workbook"), "{book}");
        let share = said(&csv(&["ID_00000000a_any,0.3".to_owned()]));
        assert!(share.contains("line 2: ID_00000000a_any,0.3"), "{share}");
    }
}
