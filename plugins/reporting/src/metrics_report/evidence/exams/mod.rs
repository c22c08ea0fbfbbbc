//! How good the model is on whole exams, how sure that is, and what it means for a day's work.

mod pictures;
mod tables;

use ichflow_api::data::labels::Level;
use ichflow_api::data::measures::{LabelStatistics, PartMetrics};
use ichflow_api::prelude::*;

use super::super::material::Material;
use super::super::table::Table;
use crate::render::numbers::counted;
use crate::render::plots::Figure;

/// The part on exams.
pub(crate) struct ExamSection {
    /// "series", "studies", "patients".
    pub units: &'static str,
    /// What was judged, and by whose formulas.
    pub sentences: Vec<String>,
    /// Validation exams, then test exams.
    pub parts: Vec<ExamPart>,
    /// Pictures of the label that stands for all.
    pub figures: Vec<Figure>,
    /// What the lines of the pictures are.
    pub legend: Vec<(&'static str, &'static str)>,
}

/// Exams of one part.
pub(crate) struct ExamPart {
    /// "Validation studies".
    pub title: String,
    /// Tables to read.
    pub tables: Vec<Table>,
    /// Why something is absent.
    pub notes: Vec<String>,
}

/// One part with what its texts need.
struct Judged<'a> {
    name: &'static str,
    unit: Level,
    measured: &'a PartMetrics,
}

impl Judged<'_> {
    fn title(&self) -> String {
        format!("{} {}", self.name, self.unit.plural())
    }

    /// "120 studies of 96 patients".
    fn size(&self) -> String {
        format!(
            "{} of {}",
            counted(self.measured.slices, self.unit.name(), self.unit.plural()),
            counted(self.measured.patients, "patient", "patients")
        )
    }

    /// The statistics of the label that stands for all.
    fn headline(&self) -> Option<&LabelStatistics> {
        let headline = self.measured.headline();
        self.measured
            .statistics
            .iter()
            .find(|found| found.label == headline)
    }
}

pub(crate) fn section(material: &Material<'_>) -> Result<Option<ExamSection>> {
    let Some((unit, valid, test)) = material.metrics.of_exams() else {
        return Ok(None);
    };
    let both = [("Validation", Some(valid)), ("Test", test)];
    let parts: Vec<Judged<'_>> = both
        .into_iter()
        .filter_map(|(name, measured)| {
            Some(Judged {
                name,
                unit,
                measured: measured?,
            })
        })
        .collect();
    let mut figures = Vec::new();
    for part in &parts {
        figures.extend(pictures::decision_curves(part)?);
    }
    figures.extend(pictures::calibration(&parts)?);
    Ok(Some(ExamSection {
        units: unit.plural(),
        sentences: parts.iter().filter_map(sentence).collect(),
        parts: parts.iter().map(|part| of_part(part, material)).collect(),
        figures,
        legend: vec![
            ("first", "acting on the model"),
            ("second", "acting on every exam"),
            ("truth", "acting on none"),
        ],
    }))
}

/// What was judged in one line, and whose intervals those are.
fn sentence(part: &Judged<'_>) -> Option<String> {
    let found = part.headline()?;
    let how = match found.one_case_a_patient {
        true => "every patient has one, so intervals are those for independent cases",
        false => "patients have several, so intervals are over patients",
    };
    Some(format!("{}: {}; {how}.", part.title(), part.size()))
}

fn of_part(part: &Judged<'_>, material: &Material<'_>) -> ExamPart {
    let statistics = &part.measured.statistics;
    let mut tables = vec![
        tables::discrimination(part),
        tables::calibration(part),
        tables::points(part, thresholds_for(material)),
    ];
    tables.extend(tables::at_prevalence(part));
    ExamPart {
        title: part.title(),
        tables,
        notes: statistics
            .iter()
            .flat_map(|label| label.notes.iter().map(|note| format!("{}: {note}.", label.label)))
            .collect(),
    }
}

fn thresholds_for<'a>(material: &'a Material<'_>) -> Option<&'a str> {
    let metrics = material.metrics;
    match &metrics.exams {
        Some(exams) => exams.thresholds_for.as_deref(),
        None => metrics.thresholds_for.as_deref(),
    }
}
