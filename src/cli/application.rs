//! What the application does for the commands of plugins.

use std::path::Path;

use ichflow_api::command::{Application, ResolvedRecipe, ResolvedStage};
use ichflow_api::context::RunContext;
use ichflow_api::device::DeviceChoice;
use ichflow_api::error::{Error, Result};
use ichflow_api::registry::{Registration, Registry};

use super::{RecipeArguments, colour, plan, run};
use crate::plan::Plan;
use crate::plan::planned::Planned;
use crate::recipe::stage::Files;
use crate::recipe::suggest;
use crate::run::{RunOptions, TerminalObserver, listen};

/// The application, as commands see it.
pub(super) struct ForCommands<'a> {
    /// Every stage linked into this program.
    pub registry: &'a Registry,
}

impl Application for ForCommands<'_> {
    fn resolve(&self, recipe: &Path, sets: &[String]) -> Result<Vec<ResolvedRecipe>> {
        // A command that looks at the recipe's stages does not run its loader.
        match Planned::read(recipe, sets, Files::MayBeAbsent, self.registry) {
            Ok(planned) => Ok(planned.plans.into_iter().map(resolved_recipe).collect()),
            Err(problems) => {
                eprint!("{}", problems.render(colour()));
                Err(cannot_be_used(recipe))
            }
        }
    }

    fn run(&self, recipe: &Path, out: &Path) -> Result<()> {
        let (plan, sources) = plan(&arguments(recipe), None, self.registry).map_err(|problems| {
            eprint!("{}", problems.render(colour()));
            cannot_be_used(recipe)
        })?;
        let device = DeviceChoice::Auto.resolve()?;
        run::announce(&plan, device);
        let options = RunOptions {
            recipe,
            sources: &sources,
            out,
            device,
            stop: listen(),
            shard: None,
            until: None,
        };
        run::print_summary(&crate::run::run(&plan, options)?);
        Ok(())
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
            device,
            Box::new(observer),
        );
        context.stop = listen();
        Ok(context)
    }
}

fn arguments(recipe: &Path) -> RecipeArguments {
    RecipeArguments {
        recipe: recipe.to_owned(),
        sets: Vec::new(),
    }
}

fn cannot_be_used(recipe: &Path) -> Error {
    Error::new(format!("{} cannot be used as it is", recipe.display()))
}

fn resolved_recipe(plan: Plan) -> ResolvedRecipe {
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
        trial: plan.trial,
        seed: plan.seed,
        labels: plan.labels,
        stages: stages.collect(),
    }
}
