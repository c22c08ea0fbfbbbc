//! The cells of a CSV, column by column.

use std::collections::BTreeSet;
use std::path::Path;

use ichflow_api::prelude::*;
use ichflow_api::text_table::TextTable;

use super::super::values::Values;
use super::super::{Key, LabelFile};

/// Rows looked at.
const ROWS: usize = 5000;

/// A CSV's columns.
pub(super) struct Cells {
    pub(super) names: Vec<String>,
    /// Column by column.
    pub(super) columns: Vec<Vec<String>>,
}

impl Cells {
    /// # Errors
    /// When it cannot be read, or is no table.
    pub(super) fn read(csv: &Path) -> Result<Self> {
        let mut reader = TextTable::open(csv)?.into_csv(true);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let names: Vec<String> = reader.byte_headers().at("read", csv)?.iter().map(text).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for record in reader.into_byte_records().take(ROWS) {
            let record = record.at("read", csv)?;
            for (column, cells) in columns.iter_mut().enumerate() {
                cells.push(text(record.get(column).unwrap_or_default()).trim().to_owned());
            }
        }
        Ok(Self { names, columns })
    }

    pub(super) fn distinct(&self, column: usize) -> BTreeSet<&str> {
        let cells = self.columns[column].iter().map(String::as_str);
        cells.filter(|cell| !cell.is_empty()).collect()
    }

    pub(super) fn are_numbers(&self, column: usize) -> bool {
        let known = self.distinct(column);
        !known.is_empty()
            && known
                .iter()
                .all(|cell| cell.strip_suffix(".0").unwrap_or(cell).parse::<u32>().is_ok())
    }

    pub(super) fn least(&self, column: usize) -> Option<u32> {
        let numbers = self.distinct(column).into_iter();
        numbers
            .filter_map(|cell| cell.strip_suffix(".0").unwrap_or(cell).parse().ok())
            .min()
    }

    /// Whether all cells are values of a label, one at least is known, and whether some are probabilities.
    pub(super) fn are_values(&self, column: usize) -> Option<bool> {
        let mut file = LabelFile::new("", Key::Path);
        file.soft = true;
        let values = Values::of(&file);
        let parsed: Result<Vec<Option<f32>>, _> = self
            .distinct(column)
            .into_iter()
            .map(|cell| values.parse(cell))
            .collect();
        let known: Vec<f32> = parsed.ok()?.into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.iter().any(|value| *value > 0.0 && *value < 1.0))
    }
}
