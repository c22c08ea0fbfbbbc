//! The command line: one file per command.

mod application;
mod check;
mod closed_pipe;
mod completions;
mod describe;
mod diff;
mod doctor;
mod explain_error;
mod gc;
mod graph;
mod new;
mod plan;
mod reference;
mod run;
mod runs;
mod schema;
mod stages;
mod sweep;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use application::ForCommands;
use clap::{ArgMatches, Args, FromArgMatches, Subcommand};
use ichflow_api::command::{Outcome, PluginCommand, Run};
use ichflow_api::error::Error;
use ichflow_api::registry::Registry;

use crate::plan::Plan;
use crate::plan::planned::Planned;
use crate::recipe::problem::Problems;
use crate::recipe::source::Sources;
use crate::recipe::stage::Files;
use crate::recipe::suggest;
use crate::run::INTERRUPTED;

/// The run failed.
const FAILED: u8 = 1;
/// The recipe or the call is wrong.
const WRONG_CALL: u8 = 2;
/// A command did a part of what it was asked for.
const PARTLY: u8 = 3;

#[derive(Subcommand)]
enum Command {
    /// Run a recipe
    Run(run::RunArguments),
    /// Run every trial of a recipe's sweep, and compare them
    Sweep(sweep::SweepArguments),
    /// Show what a run would do: which results are there already, which are made, and why
    Plan(plan::PlanArguments),
    /// Say why one stage would run again, down to the change that caused it
    Explain(plan::ExplainArguments),
    /// Check a recipe and show what it would do; reads no data, writes nothing
    Check(check::CheckArguments),
    /// List the stages that recipes can use
    Stages(stages::StagesArguments),
    /// Show what a stage does, its ports and its parameters
    Describe(describe::DescribeArguments),
    /// Write a recipe or a plugin to start from
    New(new::NewArguments),
    /// Draw the wiring of a recipe, for Mermaid or Graphviz
    Graph(graph::GraphArguments),
    /// Show what differs between two recipes or runs
    Diff(diff::DiffArguments),
    /// Explain the code of a message about a recipe
    ExplainError(explain_error::ExplainErrorArguments),
    /// Tell what this machine offers, and whether a recipe is right
    Doctor(doctor::DoctorArguments),
    /// List runs: how far they came, what they scored, where their recipes differ; remove some
    Runs(runs::RunsArguments),
    /// Remove what the cache kept and nobody used for a while
    Gc(gc::GcArguments),
    /// Print the JSON Schema of recipes, by which editors complete and check them
    Schema,
    /// Print the recipe reference, Markdown: every stage with its ports and parameters
    Reference,
    /// Print completions for a shell
    Completions(completions::CompletionsArguments),
    /// Write manual pages, one for each command
    Man(completions::ManArguments),
}

/// A recipe and what is set over it.
#[derive(Args, Clone, Debug)]
pub struct RecipeArguments {
    /// The recipe, a TOML file
    pub recipe: PathBuf,
    /// Set one value over the recipe's: --set train.batch=32; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    main_of(std::env::args_os())
}

/// Does what arguments say, the program's own name first. Ends the process where they are wrong or ask for help.
pub fn main_of(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    closed_pipe::end_when_nobody_reads();
    let plugin_commands = ichflow_api::command::all();
    let program = clap::Command::new("ichflow")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Detects intracranial hemorrhage on head CT: from a TOML recipe to a trained model, a submission and a report")
        .subcommand_required(true)
        .arg_required_else_help(true);
    let program = Command::augment_subcommands(program)
        .subcommands(plugin_commands.iter().map(|(definition, _)| definition.clone()));
    let matches = program.clone().get_matches_from(arguments);
    let registry = match Registry::collect() {
        Ok(registry) => registry,
        Err(duplicate) => {
            eprintln!("error: {duplicate}");
            return ExitCode::from(FAILED);
        }
    };
    for (definition, command) in &plugin_commands {
        if let Some(arguments) = matches.subcommand_matches(definition.get_name()) {
            let done = run_plugin_command(command, arguments, &registry);
            return match done {
                Ok(Outcome::Done) => ExitCode::SUCCESS,
                Ok(Outcome::Partly) => ExitCode::from(PARTLY),
                Err(error) => fail(&error),
            };
        }
    }
    let command = match Command::from_arg_matches(&matches) {
        Ok(command) => command,
        Err(error) => error.exit(),
    };
    match command {
        Command::Run(arguments) => run::main(&arguments, &registry),
        Command::Sweep(arguments) => sweep::main(&arguments, &registry),
        Command::Plan(arguments) => plan::main(&arguments, &registry),
        Command::Explain(arguments) => plan::explain(&arguments, &registry),
        Command::Check(arguments) => check::main(&arguments, &registry),
        Command::Stages(arguments) => stages::main(&arguments, &registry),
        Command::Describe(arguments) => describe::main(&arguments, &registry),
        Command::New(arguments) => new::main(&arguments),
        Command::Graph(arguments) => graph::main(&arguments, &registry),
        Command::Diff(arguments) => diff::main(&arguments, &registry),
        Command::ExplainError(arguments) => explain_error::main(&arguments),
        Command::Doctor(arguments) => doctor::main(&arguments, &registry),
        Command::Runs(arguments) => runs::main(&arguments),
        Command::Gc(arguments) => gc::main(&arguments),
        Command::Schema => schema::main(&registry),
        Command::Reference => reference::main(&registry),
        Command::Completions(arguments) => completions::main(&arguments, program),
        Command::Man(arguments) => completions::man(&arguments, program),
    }
}

fn run_plugin_command(
    command: &PluginCommand,
    arguments: &ArgMatches,
    registry: &Registry,
) -> Result<Outcome, Error> {
    match command.run {
        Run::Alone(run) => run(arguments),
        Run::With(run) => run(arguments, &ForCommands { registry }),
    }
}

/// All plans of a recipe that is to be run, or all that is wrong with it.
fn plans(arguments: &RecipeArguments, registry: &Registry) -> Result<Planned, Problems> {
    Planned::read(&arguments.recipe, &arguments.sets, Files::MustBeThere, registry)
}

/// What deserves attention in recipes that can run; what trials share is there once.
fn advice<'a>(plans: impl IntoIterator<Item = &'a Plan>, sources: &Sources) -> Problems {
    let mut advice = Problems {
        sources: sources.clone(),
        ..Problems::default()
    };
    let stages = plans.into_iter().flat_map(|plan| &plan.stages);
    advice
        .list
        .extend(stages.flat_map(|planned| planned.stage.advice.iter().cloned()));
    advice.sort();
    advice
}

/// Says it on stderr.
fn tell_advice<'a>(plans: impl IntoIterator<Item = &'a Plan>, sources: &Sources) {
    eprint!("{}", advice(plans, sources).render_advice(colour()));
}

/// The plan of a recipe that is to be run, or of one trial of its sweep, or all that is wrong.
fn plan(
    arguments: &RecipeArguments,
    trial: Option<&str>,
    registry: &Registry,
) -> Result<(Plan, Sources), Problems> {
    plans(arguments, registry)?.one(&arguments.recipe, trial)
}

/// Says that a recipe has no stage `name`, and which it has.
fn unknown_stage<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone) {
    eprintln!("error: the recipe has no stage `{name}`");
    let help = suggest::closest(name, names.clone()).map_or_else(
        || format!("its stages are {}", names.collect::<Vec<_>>().join(", ")),
        |closest| format!("did you mean `{closest}`?"),
    );
    eprintln!("help: {help}");
}

/// Shows an error on stderr and gives the exit code it ends the program with.
fn fail(error: &Error) -> ExitCode {
    match error {
        Error::Interrupted => {
            eprintln!("interrupted");
            ExitCode::from(INTERRUPTED)
        }
        Error::Failed { .. } | Error::LeftToWholeRun => {
            eprintln!("error: {}", error.chain());
            if let Error::Failed { help: Some(help), .. } = error {
                eprintln!("help: {help}");
            }
            ExitCode::from(FAILED)
        }
    }
}

/// Whether stderr may be coloured.
fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
