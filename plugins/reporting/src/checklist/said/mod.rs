//! What is known, in words, with the place: the sentences that both checklists take their answers from.
//!
//! `data` has those on slices, labels and partitions, `model` those on the network and its training, `measures` those on
//! performance.

mod data;
mod measures;
mod model;

use ichflow_api::prelude::*;

use super::answer::{Place, Said};
use super::facts::Facts;
use super::recipe::RecipeStage;
use crate::render::numbers::counted;

fn table(stage: &RecipeStage) -> Place {
    Place::Recipe(format!("[{}]", stage.name))
}

fn key(stage: &RecipeStage, key: &str) -> Place {
    Place::Recipe(format!("{}.{key}", stage.name))
}

fn some(said: Option<Said>) -> Vec<Said> {
    said.into_iter().collect()
}

impl Facts<'_> {
    fn stages(&self, family: Family) -> Vec<&RecipeStage> {
        self.recipe.family(family).collect()
    }

    /// A sentence for each stage of a family.
    fn by_family(&self, family: Family, before: &str) -> Vec<Said> {
        let said = |stage: &RecipeStage| Said::new(format!("{before}{}.", stage.in_full()), [table(stage)]);
        self.stages(family).into_iter().map(said).collect()
    }

    /// "239 slices", "12 studies": what measures count.
    fn units(&self, count: usize) -> String {
        counted(count, self.metrics.unit.name(), self.metrics.unit.plural())
    }
}
