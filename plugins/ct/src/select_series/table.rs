//! `series.csv`: every series with what is known of it and what became of it.

use std::path::Path;

use ichflow_api::data::selection::SeriesVerdict;
use ichflow_api::prelude::*;

use super::fingerprint::Fingerprint;
use super::measured::Measured;

const HEAD: [&str; 23] = [
    "study",
    "series",
    "part",
    "verdict",
    "rule",
    "reason",
    "slices",
    "other_slices",
    "thickness_mm",
    "coverage_mm",
    "missing",
    "times",
    "description",
    "image_type",
    "scanner",
    "kernel",
    "kvp",
    "contrast_agent",
    "body_part",
    "skull",
    "air",
    "soft_tissue",
    "bone",
];

/// A series on its way through the rules.
pub(super) struct Row<'a> {
    /// The part it belongs to: "cohort" or "test".
    pub part: &'static str,
    /// What its headers tell.
    pub measured: Measured<'a>,
    /// What its pixels show, if they were looked at.
    pub fingerprint: Option<Fingerprint>,
    /// What became of it.
    pub verdict: SeriesVerdict,
}

/// Writes the table.
pub(super) fn write(path: &Path, rows: &[Row<'_>]) -> Result<()> {
    let mut writer = csv::Writer::from_path(path).at("write", path)?;
    writer.write_record(HEAD).at("write", path)?;
    let number =
        |value: Option<f64>, digits: usize| value.map_or(String::new(), |mm| format!("{mm:.digits$}"));
    for row in rows {
        let (verdict, scan) = (&row.verdict, row.measured.scan);
        let found = row.fingerprint.as_ref();
        let share = |part: usize| number(found.map(|found| f64::from(found.shares[part])), 3);
        let fields = [
            verdict.study.clone(),
            verdict.series.clone(),
            row.part.to_owned(),
            if verdict.is_chosen() { "chosen" } else { "left out" }.to_owned(),
            verdict.rule.clone(),
            verdict.reason.clone(),
            verdict.slices.to_string(),
            verdict.other_slices.to_string(),
            number(verdict.thickness_mm, 3),
            number(verdict.coverage_mm, 1),
            verdict.missing.to_string(),
            row.measured.times.to_string(),
            scan.series_description.clone(),
            scan.image_type.join("\\"),
            scan.scanner(),
            scan.kernel.clone(),
            number(scan.kvp.map(f64::from), 0),
            scan.contrast_agent.clone(),
            scan.body_part.clone(),
            number(verdict.skull, 3),
            share(0),
            share(1),
            share(2),
        ];
        writer.write_record(&fields).at("write", path)?;
    }
    writer.flush().at("write", path)
}
