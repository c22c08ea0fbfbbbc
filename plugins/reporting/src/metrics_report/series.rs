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

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::data::selection::SeriesVerdict;
    use ichflow_api::testkit;

    #[test]
    fn rules_are_listed_and_nobody_is_named() {
        let left_out = |rule: &str, reason: &str| SeriesVerdict {
            rule: rule.into(),
            reason: reason.into(),
            slices: 1200,
            ..SeriesVerdict::default()
        };
        let selection = Selection {
            series: vec![
                SeriesVerdict::default(),
                left_out("no_head", "as Doe^Jane's is"),
                left_out("no_head", "another"),
            ],
        };
        let slice = testkit::slice("a", "Doe^Jane", None);
        let table = table(&selection, &Privacy::of(std::iter::once(&slice), false));
        assert_eq!((table.kept.as_str(), table.all.as_str()), ("1", "3"));
        let [row] = &table.rows[..] else {
            panic!("one rule")
        };
        assert_eq!((row.rule.as_str(), row.series.as_str()), ("no head", "2"));
        assert!(!row.reason.contains("Doe"), "{}", row.reason);
    }
}
