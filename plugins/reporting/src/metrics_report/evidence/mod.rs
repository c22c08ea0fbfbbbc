//! The section "Evidence": what a run says about exams, on one page that prints by itself.
//!
//! Each part is a file here, with a function that gives `None` where the run says nothing of its kind, and a partial in
//! `sections/evidence/`; the frame, `sections/evidence.html`, includes it. Numbers are those of `metrics.json`.

mod baselines;
mod checklists;
mod exams;
mod external;
mod novelty;
mod triage;

use ichflow_api::prelude::*;

use super::material::Material;
use baselines::BaselineSection;
use checklists::ChecklistPart;
use exams::ExamSection;
use external::ExternalSection;
use novelty::NoveltySection;
use triage::TriageSection;

/// The parts of the section, in the order of the page.
pub(crate) struct Evidence {
    /// How good the model is on whole exams.
    pub exams: Option<ExamSection>,
    /// How much of the score is above baselines that know little.
    pub baselines: Option<BaselineSection>,
    /// Which exams are unlike the training data.
    pub novelty: Option<NoveltySection>,
    /// How exams are sorted into high, low and uncertain.
    pub triage: Option<TriageSection>,
    /// A bundle on this cohort, as it was frozen and refitted.
    pub external: Option<ExternalSection>,
    /// How much of a reporting checklist the run answers.
    pub checklists: Vec<ChecklistPart>,
}

impl Evidence {
    /// Whether no part has anything to say.
    fn is_empty(&self) -> bool {
        let Self {
            exams,
            baselines,
            novelty,
            triage,
            external,
            checklists,
        } = self;
        exams.is_none()
            && baselines.is_none()
            && novelty.is_none()
            && triage.is_none()
            && external.is_none()
            && checklists.is_empty()
    }
}

/// The section; `None` where the run says nothing about exams.
pub(crate) fn section(material: &Material<'_>) -> Result<Option<Evidence>> {
    let evidence = Evidence {
        exams: exams::section(material)?,
        baselines: baselines::section(material)?,
        novelty: novelty::section(material),
        triage: material.metrics.triage.as_ref().map(triage::section),
        external: material.metrics.external.as_ref().map(external::section),
        checklists: checklists::parts(material),
    };
    Ok(Some(evidence).filter(|evidence| !evidence.is_empty()))
}
