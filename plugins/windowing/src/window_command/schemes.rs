//! The schemes to show: of recipes, or by name.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ichflow_api::command::{Application, ResolvedRecipe, ResolvedStage};
use ichflow_api::context::{Observer, Progress, RunContext, Silent};
use ichflow_api::device::DeviceId;
use ichflow_api::ports::{AnyArtifact, ArtifactType, InputPort};
use ichflow_api::prelude::*;
use ichflow_api::stage::{AnyStage, Family};
use serde_json::Value;

use super::slices::Slices;

/// A scheme, ready to be applied.
pub(super) struct Scheme {
    /// For people.
    pub title: String,
    /// The scheme.
    pub window: Window,
}

impl Scheme {
    /// The title as part of a file's name.
    pub(super) fn file_name(&self) -> String {
        let plain = |c: char| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        };
        self.title.chars().map(plain).collect()
    }
}

/// A scheme that was checked; what it finds in a cohort is still to be found.
pub(super) struct Draft {
    title: String,
    seed: u64,
    /// Window stages in the order they run, and what is wired to them.
    stages: Vec<ResolvedStage>,
    /// The one that is shown, by its place in `stages`, and its output.
    shown: (usize, &'static str),
}

/// What `name` stands for: the window of a recipe, those of a sweep's trials, or a scheme with its defaults.
pub(super) fn drafts(name: &str, sets: &[String], application: &dyn Application) -> Result<Vec<Draft>> {
    let path = Path::new(name);
    if path.extension().is_some_and(|ending| ending == "toml") || path.is_file() {
        let recipes = application.resolve(path, sets)?;
        return recipes
            .into_iter()
            .map(|recipe| of_recipe(path, recipe))
            .collect();
    }
    let registration = application.stage(name)?;
    if registration.family != Family::Window {
        return Err(Error::new(format!(
            "`{name}` is no windowing scheme but of the family {}",
            registration.family.name()
        ))
        .help("`ichflow stages` lists the schemes under `window`"));
    }
    let recipe_needed =
        format!("write a recipe with `use = \"{name}\"` and name that; see `ichflow describe {name}`");
    let stage = registration.build(toml::Table::new()).map_err(|error| {
        Error::new(format!("`{name}` needs parameters: {}", error.message())).help(recipe_needed.clone())
    })?;
    if let Some(problem) = stage.check().into_iter().next() {
        return Err(Error::new(format!("`{name}`: {}", problem.message)).help(recipe_needed));
    }
    let takes_windows = |input: &InputPort| input.artifact == ArtifactType::of::<Window>();
    if stage.ports().inputs.iter().any(takes_windows) {
        return Err(Error::new(format!("`{name}` is made of other schemes")).help(recipe_needed));
    }
    let output = stage
        .ports()
        .outputs
        .first()
        .map_or("window", |output| output.name);
    let stage = ResolvedStage {
        name: name.to_owned(),
        registration,
        stage,
        wires: BTreeMap::new(),
    };
    Ok(vec![Draft {
        title: name.to_owned(),
        seed: 0,
        stages: vec![stage],
        shown: (0, output),
    }])
}

/// The window that the recipe's network is trained on; without training, the last one.
fn of_recipe(path: &Path, recipe: ResolvedRecipe) -> Result<Draft> {
    let is_window = |stage: &ResolvedStage| stage.registration.family == Family::Window;
    let trained_on = recipe
        .stages
        .iter()
        .rev()
        .filter(|stage| !is_window(stage))
        .flat_map(|stage| stage.wires.values())
        .copied()
        .find(|(place, _)| recipe.stages.get(*place).is_some_and(is_window));
    let last = || {
        let place = recipe.stages.iter().rposition(is_window)?;
        let output = recipe.stages[place].stage.ports().outputs.first()?.name;
        Some((place, output))
    };
    let Some(shown) = trained_on.or_else(last) else {
        return Err(Error::new(format!("{} has no window", path.display()))
            .help("add one: [window] and `use = \"bsb\"`"));
    };
    let name = path
        .file_stem()
        .map_or("recipe".into(), |stem| stem.to_string_lossy().into_owned());
    let title = match recipe.trial {
        Some(trial) => format!("{name}: {trial}"),
        None => name,
    };
    Ok(Draft {
        title,
        seed: recipe.seed,
        stages: recipe.stages,
        shown,
    })
}

impl Draft {
    /// Runs the stages the scheme is made of. Where they want a cohort, they get the slices to show.
    pub(super) fn finish(self, slices: &Slices) -> Result<Scheme> {
        let directory = tempfile::tempdir().doing("cannot create a temporary directory")?;
        let mut run = RunContext::new(
            directory.path().join("run"),
            directory.path().join("cache"),
            DeviceId::Cpu,
            Box::new(Aside),
        );
        run.seed = self.seed;
        let mut made = BTreeMap::new();
        let window = self.make(self.shown, slices, &run, &mut made)?;
        let window = window
            .downcast::<Window>()
            .map_err(|_| Error::new(format!("{}: what is shown is no window", self.title)))?;
        Ok(Scheme {
            window: window.as_ref().clone(),
            title: self.title,
        })
    }

    /// An output, with all that it is made of.
    fn make(
        &self,
        (place, output): (usize, &'static str),
        slices: &Slices,
        run: &RunContext,
        made: &mut BTreeMap<(usize, &'static str), AnyArtifact>,
    ) -> Result<AnyArtifact> {
        if let Some(artifact) = made.get(&(place, output)) {
            return Ok(artifact.clone());
        }
        let stage = &self.stages[place];
        if stage.registration.family != Family::Window {
            return Err(Error::new(format!("`{}` does not run here", stage.name)));
        }
        let mut inputs = Inputs::default();
        for input in AnyStage::ports(stage.stage.as_ref()).inputs {
            let known = [
                (Cohort::NAME, slices.cohort.clone() as AnyArtifact),
                (Pixels::NAME, Arc::new(slices.pixels.clone()) as AnyArtifact),
            ];
            let given = known.into_iter().find(|(name, _)| *name == input.artifact.name);
            let artifact = match (given, stage.wires.get(input.name)) {
                (Some((_, artifact)), _) => artifact,
                (None, Some(wire)) => self.make(*wire, slices, run, made)?,
                (None, None) => continue,
            };
            inputs = inputs.with_any(input.name, artifact);
        }
        let context = Context::new(run, &stage.name, stage.registration.name, &stage.name);
        let mut outputs = stage.stage.run(&inputs, &context)?;
        let artifact = outputs
            .take_any(output)
            .ok_or_else(|| Error::new(format!("`{}` did not make its output `{output}`", stage.name)))?;
        made.insert((place, output), artifact.clone());
        Ok(artifact)
    }
}

/// Messages of stages go to stderr; there are no events and no progress.
struct Aside;

impl Observer for Aside {
    fn progress(&self, stage: &str, work: &str, total: u64, unit: &str) -> Box<dyn Progress> {
        Silent.progress(stage, work, total, unit)
    }
    fn say(&self, stage: &str, text: &str) {
        eprintln!("{stage}: {text}");
    }
    fn warn(&self, stage: &str, text: &str) {
        eprintln!("warning: {stage}: {text}");
    }
    fn event(&self, _stage: &str, _kind: &str, _details: Value) {}
}
