//! A recipe without a mistake of its own.

use std::path::Path;

use ichflow_api::data::labels::LabelSet;
use ichflow_api::registry::Registry;

use super::problem::{Code, Problem, Problems};
use super::raw::RawRecipe;
use super::stage::{self, Files, RecipeStage};
use super::value::{Node, Table, Value};
use super::{labels, origins, set_text, top_level, vars};

/// A recipe whose stages all exist and whose parameters are all valid.
pub struct Recipe {
    /// What the recipe calls itself; its file name without one.
    pub title: String,
    /// Which trial of a sweep it is.
    pub trial: Option<String>,
    /// Seed of everything random.
    pub seed: u64,
    /// The labels it is about.
    pub labels: LabelSet,
    /// Stages, in the order they run.
    pub stages: Vec<RecipeStage>,
}

impl Recipe {
    /// Checks a recipe that was read. What is wrong is added to `problems`.
    ///
    /// # Errors
    /// When anything is wrong, with it or with what was read before: then come the stages that have no problem of
    /// their own, whose wiring can be looked at still.
    pub fn check(
        raw: RawRecipe,
        path: &Path,
        files: Files,
        registry: &Registry,
        problems: &mut Problems,
    ) -> Result<Self, Vec<RecipeStage>> {
        let RawRecipe { trial, mut table } = raw;
        let vars = match table.remove("vars").map(|entry| entry.node) {
            Some(Node {
                value: Value::Table(vars),
                ..
            }) => vars,
            Some(node) => {
                problems
                    .list
                    .push(top_level::wrong_type(&node, "vars", "a table of variables"));
                Table::default()
            }
            None => Table::default(),
        };
        for entry in &mut table.entries {
            vars::interpolate(&mut entry.node, &vars, &mut problems.list);
        }
        let unreadable = problems
            .list
            .iter()
            .any(|problem| problem.code == Code::Unreadable);
        if !unreadable {
            top_level::check_format(&table, problems);
        }
        let title = top_level::title(&table, path, problems);
        let seed = top_level::seed(&table, problems);
        let labels = labels::of(&table, &mut problems.list);
        let mut stages = Vec::new();
        let mut stage_tables = 0;
        for entry in &mut table.entries {
            if top_level::KEYS.contains(&entry.key.as_str()) || labels::declares(entry) {
                continue;
            }
            stage_tables += 1;
            set_text::take_as_text(entry, registry, &problems.sources);
            stages.extend(stage::load(entry, files, &labels, registry, &mut problems.list));
        }
        if stage_tables == 0 && problems.list.is_empty() {
            problems.list.push(
                Problem::nowhere(Code::Empty, format!("{} has no stages", path.display())).help(
                    "a stage is a table with `use`, for example: [load] and the line use = \"phantom\"",
                ),
            );
        }
        if !problems.list.is_empty() {
            return Err(stages);
        }
        origins::advise(&mut stages);
        Ok(Self {
            title,
            trial,
            seed,
            labels,
            stages,
        })
    }
}
