//! Commands a plugin adds to the `ichflow` program: `ichflow phantom`, and whatever else it offers
//! beside its stages.

use std::collections::BTreeMap;
use std::path::Path;

use clap::ArgMatches;

use crate::context::RunContext;
use crate::data::labels::LabelSet;
use crate::error::Result;
use crate::registry::Registration;
use crate::stage::AnyStage;

/// A command, registered with [`register_command!`](crate::register_command).
pub struct PluginCommand {
    /// Its name, arguments and help.
    pub define: fn() -> clap::Command,
    /// Does the work.
    pub run: Run,
}

/// The work of a command. Results go to stdout, messages to stderr.
#[derive(Clone, Copy)]
pub enum Run {
    /// From its arguments alone.
    Alone(fn(&ArgMatches) -> Result<Outcome>),
    /// With what the application can do for it.
    With(fn(&ArgMatches, &dyn Application) -> Result<Outcome>),
}

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All that was asked for is done: exit code 0.
    Done,
    /// A part of it is done, and the command has said what is missing: exit code 3.
    Partly,
}

impl Outcome {
    /// [`Outcome::Done`] if nothing is missing.
    pub fn of_missing(missing: usize) -> Self {
        if missing == 0 { Self::Done } else { Self::Partly }
    }
}

/// Most commands do all or fail.
impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Done
    }
}

/// What the application does for commands.
pub trait Application {
    /// Reads a recipe with the recipes it extends, its variables and `--set` arguments, and checks it: one
    /// result, or one for each trial of a sweep. Files that its stages will read need not be there. What is
    /// wrong with it is shown on stderr as `ichflow check` shows it.
    ///
    /// # Errors
    /// Where the recipe has mistakes, which are shown already, or cannot be read.
    fn resolve(&self, recipe: &Path, sets: &[String]) -> Result<Vec<ResolvedRecipe>>;

    /// Runs a recipe as `ichflow run` does, with runs and the cache in `out`: progress and results go to the terminal,
    /// Ctrl-C and termination stop it.
    ///
    /// # Errors
    /// Where the recipe has mistakes or a stage fails.
    fn run(&self, recipe: &Path, out: &Path) -> Result<()>;

    /// The stage called `name` with its defaults; what is wrong names the stages there are.
    ///
    /// # Errors
    /// Where there is no stage of that name.
    fn stage(&self, name: &str) -> Result<&'static Registration>;

    /// What stages need to run: messages and progress go to the terminal, Ctrl-C asks to stop, tensors live on
    /// `device` ("auto", "cpu", "cuda", "cuda:1"), files go to `directory`.
    ///
    /// # Errors
    /// Where this build or machine has no such device, or the directory cannot be written.
    fn run_context(&self, directory: &Path, device: &str) -> Result<RunContext>;
}

/// A recipe that was checked.
pub struct ResolvedRecipe {
    /// What it calls itself.
    pub title: String,
    /// The trial of its sweep.
    pub trial: Option<String>,
    /// Seed of everything random.
    pub seed: u64,
    /// The labels it is about.
    pub labels: LabelSet,
    /// Its stages, in the order they run.
    pub stages: Vec<ResolvedStage>,
}

/// A stage of a recipe that was checked.
pub struct ResolvedStage {
    /// Its name in the recipe.
    pub name: String,
    /// Its record in the registry.
    pub registration: &'static Registration,
    /// Its parameters.
    pub stage: Box<dyn AnyStage>,
    /// What is wired to its inputs: the stage's place in the recipe and its output.
    pub wires: BTreeMap<&'static str, (usize, &'static str)>,
}

inventory::collect!(PluginCommand);

/// Every command linked into this program, by name.
pub fn all() -> Vec<(clap::Command, &'static PluginCommand)> {
    let mut commands: Vec<_> = inventory::iter::<PluginCommand>
        .into_iter()
        .map(|command| ((command.define)(), command))
        .collect();
    commands.sort_by(|a, b| a.0.get_name().cmp(b.0.get_name()));
    commands
}

/// Registers a command: `ichflow_api::register_command!(define, run);`, or, if it needs the application,
/// `ichflow_api::register_command!(define, with run);` `run` gives a `Result` of nothing or of an
/// [`Outcome`](crate::command::Outcome).
#[macro_export]
macro_rules! register_command {
    ($define:path, with $run:path) => {
        $crate::inventory::submit! {
            $crate::command::PluginCommand { define: $define, run: $crate::command::Run::With(|matches, application| {
                $run(matches, application).map(Into::into)
            }) }
        }
    };
    ($define:path, $run:path) => {
        $crate::inventory::submit! {
            $crate::command::PluginCommand { define: $define, run: $crate::command::Run::Alone(|matches| $run(matches).map(Into::into)) }
        }
    };
}
