//! How much of each reporting checklist the run answers, and what is left to a person.

use super::super::material::Material;

/// A checklist in a few lines; its items stand in the file beside the page.
pub(crate) struct ChecklistPart {
    /// "CLAIM 2024".
    pub name: &'static str,
    /// The file beside the page.
    pub file: &'static str,
    /// All items, those the run answers, and those it answers in part.
    pub items: usize,
    pub answered: usize,
    pub in_part: usize,
    /// Number and subject of those that a person alone can answer.
    pub open: Vec<(&'static str, &'static str)>,
}

pub(crate) fn parts(material: &Material<'_>) -> Vec<ChecklistPart> {
    let part = |written: &crate::checklist::Written| ChecklistPart {
        name: written.name,
        file: written.file,
        items: written.counts.items,
        answered: written.counts.answered,
        in_part: written.counts.in_part,
        open: written.open.clone(),
    };
    material.checklists.iter().map(part).collect()
}
