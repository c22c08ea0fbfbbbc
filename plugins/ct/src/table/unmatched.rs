//! What found no partner: rows without an image, images without a label.

use std::collections::BTreeSet;
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;

/// Examples shown of one kind.
const EXAMPLES: usize = 3;
/// What the list of all is called in the run directory.
pub(super) const FILE: &str = "labels_unmatched.csv";

/// A row that no slice has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct WithoutImage {
    /// The table.
    pub table: String,
    /// The line, from 1.
    pub line: u64,
    /// Its key, which may name a patient: it stands in the list alone.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// A slice that no row has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct WithoutLabel {
    /// The slice's place.
    #[serde(skip)]
    pub place: usize,
    /// Why.
    pub reason: String,
}

/// "line 4", "lines 4, 9, 17, …".
pub(super) fn lines(lines: impl Iterator<Item = u64>) -> String {
    let all: Vec<u64> = lines.collect();
    let shown: Vec<String> = all.iter().take(EXAMPLES).map(u64::to_string).collect();
    let more = if all.len() > EXAMPLES { ", …" } else { "" };
    let word = if all.len() == 1 { "line" } else { "lines" };
    format!("{word} {}{more}", shown.join(", "))
}

/// A remark for each table and reason, which names lines and no keys.
pub(super) fn remarks_of_rows(rows: &[WithoutImage]) -> Vec<String> {
    let kinds: BTreeSet<(&str, &str)> = rows
        .iter()
        .map(|row| (row.table.as_str(), row.reason.as_str()))
        .collect();
    let remark = |(table, reason): (&str, &str)| {
        let of_kind = || {
            rows.iter()
                .filter(move |row| (row.table.as_str(), row.reason.as_str()) == (table, reason))
        };
        format!(
            "{table}: {} no image: {reason} ({})",
            counted(of_kind().count(), "row has", "rows have"),
            lines(of_kind().map(|row| row.line))
        )
    };
    kinds.into_iter().map(remark).collect()
}

/// A remark for each reason, which names slices by their ids.
pub(super) fn remarks_of_slices(left_out: &[WithoutLabel], slices: &[Slice]) -> Vec<String> {
    let reasons: BTreeSet<&str> = left_out.iter().map(|one| one.reason.as_str()).collect();
    let remark = |reason: &str| {
        let of_kind: Vec<&Slice> = left_out
            .iter()
            .filter(|one| one.reason == reason)
            .map(|one| &slices[one.place])
            .collect();
        let examples: Vec<&str> = of_kind
            .iter()
            .take(EXAMPLES)
            .map(|slice| slice.id.as_str())
            .collect();
        let more = if of_kind.len() > EXAMPLES { ", …" } else { "" };
        format!(
            "{} no label and {} left out: {reason} ({}{more})",
            counted(of_kind.len(), "slice has", "slices have"),
            if of_kind.len() == 1 { "is" } else { "are" },
            examples.join(", ")
        )
    };
    reasons.into_iter().map(remark).collect()
}

/// Writes the list of all that found no partner.
pub(super) fn write(
    path: &Path,
    rows: &[WithoutImage],
    left_out: &[WithoutLabel],
    slices: &[Slice],
) -> Result<()> {
    let mut writer = csv::Writer::from_path(path).at("write", path)?;
    writer
        .write_record(["side", "file", "line", "name", "reason"])
        .at("write", path)?;
    for row in rows {
        let line = row.line.to_string();
        let fields = ["label", &row.table, &line, &row.key, &row.reason];
        writer.write_record(fields).at("write", path)?;
    }
    for one in left_out {
        let slice = &slices[one.place];
        let file = path_text(&slice.file);
        let fields = ["image", &file, "", &slice.id, &one.reason];
        writer.write_record(fields).at("write", path)?;
    }
    writer.flush().at("write", path)
}
