//! A recipe as it is written: its layers merged, `--set` applied, its sweep laid out; nothing is checked yet.

use std::path::Path;

use ichflow_api::registry::Registry;
use ichflow_api::stage::Family;

use super::problem::{Code, Problems};
use super::value::Table;
use super::{layers, sweep};

/// One run as it is written.
pub struct RawRecipe {
    /// Which trial of a sweep it is.
    pub trial: Option<String>,
    /// Its keys and its stages.
    pub(super) table: Table,
}

/// Reads a recipe file: one run, or one for each trial of its sweep. What is wrong is added to `problems`.
pub fn read(path: &Path, sets: &[String], registry: &Registry, problems: &mut Problems) -> Vec<RawRecipe> {
    let mut table = layers::load(path, sets, problems);
    if problems.list.iter().any(|problem| problem.code == Code::Syntax) {
        // What a broken text seems to say further on would only confuse.
        problems.list.retain(|problem| problem.code == Code::Syntax);
        return Vec::new();
    }
    let trains = |name: &str| {
        let found = registry.find(name);
        found.is_some_and(|stage| stage.family == Family::Train && stage.seeded)
    };
    match sweep::expand(&mut table, &trains, problems) {
        None => vec![RawRecipe { trial: None, table }],
        Some(trials) => trials
            .into_iter()
            .map(|trial| RawRecipe {
                trial: Some(trial.name),
                table: trial.table,
            })
            .collect(),
    }
}
