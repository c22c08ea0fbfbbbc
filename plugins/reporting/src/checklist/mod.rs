//! Reporting checklists: what a run can answer of CLAIM 2024 and TRIPOD+AI, and what a person has to write.
//!
//! [`facts`] is what a run knows, typed and with the place of each thing; `said` puts it in words that both checklists
//! share; [`claim`] and [`tripod`] are the items, with what each takes of these; `markdown` writes the file. Nothing is said
//! that the run does not know: whether a study was retrospective, approved or funded stands in no recipe.

mod answer;
mod claim;
mod facts;
mod markdown;
mod recipe;
mod said;
mod tripod;

use ichflow_api::prelude::*;

pub(crate) use answer::Counts;
use answer::Item;
use facts::Facts;
pub(crate) use facts::Sources;
pub(crate) use recipe::family_of;

/// Which checklist to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Checklist {
    /// CLAIM 2024: medical imaging (Tejani and others, Radiology: Artificial Intelligence 2024; 6: e240300).
    #[serde(rename = "claim-2024")]
    Claim2024,
    /// TRIPOD+AI: prediction models (Collins and others, BMJ 2024; 385: e078378).
    TripodAi,
    /// Both.
    Both,
}

/// A checklist that was written.
pub(crate) struct Written {
    /// What it is called.
    pub name: &'static str,
    /// Its file, beside the report.
    pub file: &'static str,
    /// How many items the run answers.
    pub counts: Counts,
    /// The items of which the run knows nothing: number and subject.
    pub open: Vec<(&'static str, &'static str)>,
    /// The text.
    pub markdown: String,
}

/// One published checklist.
struct Guideline {
    name: &'static str,
    file: &'static str,
    /// Where it was published.
    source: &'static str,
    /// How its items are counted.
    counted: &'static str,
    sections: Vec<Section>,
}

/// A part of a checklist.
struct Section {
    title: &'static str,
    items: Vec<Item>,
}

impl Checklist {
    /// The checklists with a run's answers.
    pub(crate) fn written(self, sources: &Sources<'_>) -> Vec<Written> {
        let facts = Facts::of(sources);
        let guidelines = match self {
            Self::Claim2024 => vec![claim::guideline(&facts)],
            Self::TripodAi => vec![tripod::guideline(&facts)],
            Self::Both => vec![claim::guideline(&facts), tripod::guideline(&facts)],
        };
        guidelines
            .into_iter()
            .map(|guideline| {
                let items = || guideline.sections.iter().flat_map(|section| &section.items);
                Written {
                    name: guideline.name,
                    file: guideline.file,
                    counts: Counts::of(items()),
                    open: items()
                        .filter(|item| item.answer.said.is_empty())
                        .map(|item| (item.number, item.subject))
                        .collect(),
                    markdown: markdown::text(&guideline, &facts),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
