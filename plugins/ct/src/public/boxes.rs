//! A CSV of boxes: a row each, of a slice that its SOPInstanceUID names.

use std::path::Path;

use ichflow_api::prelude::*;
use ichflow_api::text_table::TextTable;

/// A box, in pixels from the upper left corner of the image as it is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StoredBox {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BoxRow {
    pub instance: String,
    pub label: String,
    pub shape: StoredBox,
}

/// What a CSV holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Boxes {
    pub rows: Vec<BoxRow>,
    /// Lines that hold no box, or name no slice.
    pub unclear: Vec<u64>,
}

impl Boxes {
    /// Reads a CSV with the columns `SOPInstanceUID`, `labelName` and either `data`, the text of a Python dictionary, or
    /// `x`, `y`, `width` and `height`.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).at("open", path)?;
        Self::parse(file, &path.display().to_string())
    }

    pub(super) fn parse(source: impl std::io::Read, path: &str) -> Result<Self> {
        let table = TextTable::of(source, path)?;
        let before = table.lines_before as u64;
        let mut reader = table.into_csv(true);
        let names: Vec<String> = reader
            .headers()
            .doing(format!("cannot read {path}"))?
            .iter()
            .map(plain)
            .collect();
        let column = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
        let missing = |what: &str| {
            Error::new(format!("{path} has no column `{what}`")).help(format!("it has {}", names.join(", ")))
        };
        let instance = column(&["sopinstanceuid"]).ok_or_else(|| missing("SOPInstanceUID"))?;
        let label = column(&["labelname", "label"]).ok_or_else(|| missing("labelName"))?;
        let data = column(&["data"]);
        let sides = ["x", "y", "width", "height"].map(|name| column(&[name]));
        if data.is_none() && sides.contains(&None) {
            return Err(missing("data"));
        }
        let mut boxes = Self::default();
        for record in reader.records() {
            let record = record.doing(format!("cannot read {path}"))?;
            let line = record.position().map_or(0, csv::Position::line) + before;
            let cell = |column: usize| record.get(column).unwrap_or_default().trim();
            // Columns of their own are plainer than a text; a row may have left them empty.
            let of_columns = || {
                let number = |side: Option<usize>| cell(side?).parse::<f64>().ok();
                let [left, top, width, height] = sides.map(number);
                StoredBox::of(left?, top?, width?, height?)
            };
            let shape = of_columns().or_else(|| of_text(cell(data?)));
            match shape.filter(|_| !cell(instance).is_empty() && !cell(label).is_empty()) {
                Some(shape) => boxes.rows.push(BoxRow {
                    instance: cell(instance).to_owned(),
                    label: cell(label).to_owned(),
                    shape,
                }),
                None => boxes.unclear.push(line),
            }
        }
        Ok(boxes)
    }
}

impl StoredBox {
    /// A box that holds something.
    fn of(left: f64, top: f64, width: f64, height: f64) -> Option<Self> {
        let is_finite = [left, top, width, height].iter().all(|number| number.is_finite());
        (is_finite && width > 0.0 && height > 0.0).then_some(Self {
            left,
            top,
            width,
            height,
        })
    }
}

/// A box as Python prints a dictionary, `{'x': 1.5, 'y': 2, 'width': 10, 'height': 20}`, in any order and with either kind
/// of quotation marks.
fn of_text(text: &str) -> Option<StoredBox> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut sides = [None; 4];
    for entry in inner.split(',') {
        let (name, value) = entry.split_once(':')?;
        let name = name.trim().trim_matches(['\'', '"']);
        if let Some(side) = ["x", "y", "width", "height"]
            .iter()
            .position(|known| *known == name)
        {
            sides[side] = Some(value.trim().parse().ok()?);
        }
    }
    let [left, top, width, height] = sides;
    StoredBox::of(left?, top?, width?, height?)
}

/// A column's name in small letters alone.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_a_dictionary_or_four_columns() {
        let row = |left, top, width, height| StoredBox {
            left,
            top,
            width,
            height,
        };
        let text = "\u{feff},SOPInstanceUID,SeriesInstanceUID,StudyInstanceUID,data,labelName,labelType\n\
                    0,1.2.3,1.2,1,\"{'x': 10.5, 'y': 20, 'width': 30.25, 'height': 4}\",Subdural,box\n\
                    1,1.2.4,1.2,1,\"{\"\"height\"\": 1, \"\"width\"\": 2, \"\"y\"\": 3, \"\"x\"\": 4}\",Chronic,box\n\
                    2,1.2.5,1.2,1,nan,Subdural,box\n\
                    3,,1.2,1,\"{'x': 1, 'y': 2, 'width': 3, 'height': 4}\",Subdural,box\n\
                    4,1.2.6,1.2,1,\"{'x': 1, 'y': 2, 'width': -3, 'height': 4}\",Subdural,box\n";
        let boxes = Boxes::parse(text.as_bytes(), "boxes.csv").unwrap();
        let found: Vec<_> = boxes
            .rows
            .iter()
            .map(|row| (row.instance.as_str(), row.label.as_str(), row.shape))
            .collect();
        let expected = [
            ("1.2.3", "Subdural", row(10.5, 20.0, 30.25, 4.0)),
            ("1.2.4", "Chronic", row(4.0, 3.0, 2.0, 1.0)),
        ];
        assert_eq!(found, expected);
        assert_eq!(boxes.unclear, [4, 5, 6]);

        let text = "StudyInstanceUID;SOPInstanceUID;x;y;width;height;labelName\n1;1.2.3;1;2;3;4;Epidural\n1;1.2.3;1;2;0;4;Epidural\n";
        let boxes = Boxes::parse(text.as_bytes(), "boxes.csv").unwrap();
        assert_eq!(
            (boxes.rows[0].shape, boxes.unclear),
            (row(1.0, 2.0, 3.0, 4.0), vec![3])
        );

        let error = Boxes::parse(&b"SOPInstanceUID,labelName\n"[..], "boxes.csv").unwrap_err();
        assert!(error.to_string().contains("no column `data`"), "{error}");
    }
}
