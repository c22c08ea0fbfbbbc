//! The series: how many were kept, and by which rules the others were left out.

use ichflow_api::data::selection::Selection;

use crate::render::numbers::thousands;
use crate::render::privacy::Privacy;

/// What became of the series.
pub(crate) struct SeriesTable {
    /// How many were kept.
    pub kept: String,
    /// How many there were.
    pub all: String,
    /// The rules by which others were left out, most series first.
    pub rows: Vec<RuleRow>,
}

/// A rule, and what broke it.
pub(crate) struct RuleRow {
    /// Its name.
    pub rule: String,
    /// Series that broke it.
    pub series: String,
    /// Their slices.
    pub slices: String,
    /// The reason of the first.
    pub reason: String,
}

pub(crate) fn table(selection: &Selection, privacy: &Privacy) -> SeriesTable {
    let rules = selection.by_rule();
    let row = |(rule, series, slices, reason): (&str, usize, usize, &str)| RuleRow {
        rule: rule.replace('_', " "),
        series: thousands(series),
        slices: thousands(slices),
        reason: privacy.text(reason),
    };
    SeriesTable {
        kept: thousands(selection.chosen()),
        all: thousands(selection.series.len()),
        rows: rules.into_iter().map(row).collect(),
    }
}
