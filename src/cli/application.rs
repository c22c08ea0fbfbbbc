//! What the application does for the commands of plugins.

use std::path::Path;

use ichflow_api::command::{Application, ResolvedRecipe, ResolvedStage};
use ichflow_api::context::RunContext;
use ichflow_api::device::DeviceChoice;
use ichflow_api::error::{Error, Result};
use ichflow_api::registry::{Registration, Registry};

use super::{colour, plan_of};
use crate::plan::Plan;
use crate::recipe::problem::{Code, Problems};
use crate::recipe::sweep::Trial;
use crate::recipe::{self, Asked, suggest};
use crate::run::{TerminalObserver, listen};

/// The application, as commands see it.
pub struct ForCommands<'a> {
    /// Every stage linked into this program.
    pub registry: &'a Registry,
}

impl Application for ForCommands<'_> {
    fn resolve(&self, recipe: &Path, sets: &[String]) -> Result<Vec<ResolvedRecipe>> {
        let mut problems = Problems::default();
        let tables = match recipe::read(recipe, sets, &mut problems) {
            Asked::Run(table) => vec![(None, table)],
            Asked::Sweep(trials) => {
                let named = |trial: Trial| (Some(trial.name), trial.table);
                trials.into_iter().map(named).collect()
            }
        };
        let mut resolved = Vec::new();
        for (trial, table) in tables {
            let plan = plan_of(table, recipe, self.registry, &mut problems);
            resolved.extend(plan.map(|plan| resolved_recipe(trial, plan)));
        }
        // A command that looks at the recipe's stages does not run its loader.
        problems.list.retain(|problem| problem.code != Code::MissingFile);
        problems
            .list
            .dedup_by(|a, b| a.place == b.place && a.message == b.message);
        if problems.list.is_empty() {
            return Ok(resolved);
        }
        problems.sort();
        eprint!("{}", problems.render(colour()));
        Err(Error::new(format!(
            "{} cannot be used as it is",
            recipe.display()
        )))
    }

    fn stage(&self, name: &str) -> Result<&'static Registration> {
        self.registry.find(name).ok_or_else(|| {
            let help = suggest::closest(name, self.registry.names()).map_or_else(
                || "`ichflow stages` lists the stages there are".to_owned(),
                |known| format!("did you mean `{known}`?"),
            );
            Error::new(format!("there is no stage `{name}`, and no recipe of that name")).help(help)
        })
    }

    fn run_context(&self, directory: &Path, device: &str) -> Result<RunContext> {
        let device = device
            .parse::<DeviceChoice>()
            .map_err(|error| Error::new(error.to_string()))?
            .resolve()?;
        let observer = TerminalObserver::new(&directory.join("events.jsonl"))?;
        let mut context = RunContext::new(
            directory.to_owned(),
            directory.join("cache"),
            device.device,
            Box::new(observer),
        );
        context.stop = listen();
        Ok(context)
    }
}

fn resolved_recipe(trial: Option<String>, plan: Plan) -> ResolvedRecipe {
    let stages = plan.stages.into_iter().map(|planned| ResolvedStage {
        name: planned.stage.name,
        registration: planned.stage.registration,
        stage: planned.stage.stage,
        wires: planned
            .wires
            .into_iter()
            .map(|(port, wire)| (port, (wire.stage, wire.output)))
            .collect(),
    });
    ResolvedRecipe {
        title: plan.title,
        trial,
        seed: plan.seed,
        stages: stages.collect(),
    }
}
