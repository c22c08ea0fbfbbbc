//! The first line: which column holds what.

use ichflow_api::data::labels::LabelSet;
use ichflow_api::data::labels::rsna::{COUNT, LABELS};
use ichflow_api::data::submission::split_row;

use super::super::image_id::ImageId;

/// What the column of images may be called where labels have columns of their own.
const IMAGES: [&str; 4] = ["id", "image", "image_id", "imageid"];
/// Characters of a first line that a message shows.
const SHOWN: usize = 60;

/// Which column holds what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// What separates fields.
    pub separator: u8,
    /// Column of the image, or of the image and its label.
    pub id: usize,
    /// Where the labels are.
    pub labels: LabelColumns,
    /// Number of columns.
    pub count: usize,
    /// Names of columns that nothing is read from.
    pub unused: Vec<String>,
}

/// Where the labels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LabelColumns {
    /// A row is of one label, which its ID names: `ID_8dfdc17fc_epidural,0`.
    Long(usize),
    /// A row is of an image and has a column for each label.
    Wide([usize; COUNT]),
}

impl Columns {
    /// Reads a first line.
    ///
    /// # Errors
    /// What was found in place of the columns, and what to do about it.
    pub(super) fn of(line: &[u8], separator: u8) -> Result<Self, Refused> {
        let names: Vec<String> = fields(line, separator)
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        let column = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        let long = column("ID").zip(column("Label"));
        let image = IMAGES.iter().find_map(|name| column(name));
        let wide = LABELS.map(column);
        let (id, labels) = match (long, image) {
            (Some((id, label)), _) => (id, LabelColumns::Long(label)),
            (None, Some(image)) if wide.iter().all(Option::is_some) => {
                (image, LabelColumns::Wide(wide.map(Option::unwrap_or_default)))
            }
            _ => return Err(Refused::of(line, &names, separator)),
        };
        let is_used = |index: usize| {
            index == id
                || match labels {
                    LabelColumns::Long(label) => index == label,
                    LabelColumns::Wide(labels) => labels.contains(&index),
                }
        };
        let unused = names.iter().enumerate();
        Ok(Self {
            separator,
            id,
            labels,
            count: names.len(),
            unused: unused
                .filter(|(index, name)| !is_used(*index) && !name.is_empty())
                .map(|(_, name)| name.clone())
                .collect(),
        })
    }

    /// Whether every row is as the competition's: `ID_8dfdc17fc_epidural,0`.
    pub(super) fn are_plain(&self) -> bool {
        (self.separator, self.id, self.labels, self.count) == (b',', 0, LabelColumns::Long(1), 2)
    }
}

/// Why a first line names no columns that labels can be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// What the line is.
    pub found: String,
    /// What to do about it.
    pub help: &'static str,
}

impl Refused {
    fn of(line: &[u8], names: &[String], separator: u8) -> Self {
        let shown: String = String::from_utf8_lossy(line.trim_ascii())
            .chars()
            .take(SHOWN)
            .collect();
        let first = fields(line, separator).next().unwrap_or_default();
        let is_row =
            split_row(first, &LabelSet::rsna()).is_some_and(|(image, _)| ImageId::parse(image).is_some());
        let labels = LABELS
            .iter()
            .filter(|label| names.iter().any(|name| name.eq_ignore_ascii_case(label)))
            .count();
        let (found, help) = match () {
            () if is_row => (
                format!("starts with the row `{shown}`, and no line that names its columns"),
                "put the line `ID,Label` before the first row",
            ),
            () if labels > 0 => (
                format!("starts with `{shown}`: {labels} of the {COUNT} labels have a column"),
                "a table with a column for each label needs `ID,any,epidural,intraparenchymal,intraventricular,\
                 subarachnoid,subdural`; the competition's has `ID,Label` and six rows per image",
            ),
            () => (
                format!("starts with `{shown}`, and not with the columns `ID,Label`"),
                "it should be the competition's stage_2_train.csv, or a table with the columns `ID` and one for each label",
            ),
        };
        Self { found, help }
    }
}

/// The fields of a line, without the spaces and quotes around them. A separator within quotes separates nothing.
pub(super) fn fields(line: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    line.split(move |byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == separator
    })
    .map(bare)
}

/// A field without spaces and quotes around it.
fn bare(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    let quoted = field
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    quoted.unwrap_or(field).trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Columns {
        Columns::of(line.as_bytes(), b',').unwrap()
    }

    #[test]
    fn columns_are_found_in_any_order() {
        assert!(of("ID,Label").are_plain());
        let columns = of(",\"Label\", id ,Source,");
        assert_eq!((columns.id, columns.labels), (2, LabelColumns::Long(1)));
        assert_eq!((columns.count, columns.unused), (5, vec!["Source".to_owned()]));
        let columns = of("Image,any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural");
        assert_eq!(columns.labels, LabelColumns::Wide([1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn what_stands_there_instead_is_said() {
        let refused = |line: &str| Columns::of(line.as_bytes(), b',').unwrap_err();
        let row = refused("ID_1a5e15ca5_epidural,0");
        assert!(row.found.contains("starts with the row"), "{row:?}");
        assert!(row.help.contains("`ID,Label` before"), "{row:?}");
        let some = refused("ID,any,epidural");
        assert!(some.found.contains("2 of the 6 labels"), "{some:?}");
        let other = refused("name,value");
        assert!(other.found.contains("`name,value`"), "{other:?}");
    }

    #[test]
    fn quotes_hold_a_field_together() {
        let found: Vec<&[u8]> = fields(b"\"a, b\", c ,\"\"", b',').collect();
        assert_eq!(found, [&b"a, b"[..], b"c", b""]);
    }
}
