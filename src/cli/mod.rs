//! The command line: one file per command.

mod check;
mod describe;
mod reference;
mod run;
mod stages;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, FromArgMatches, Subcommand};
use ichflow_api::error::Error;
use ichflow_api::registry::Registry;

use crate::plan::Plan;
use crate::recipe;
use crate::recipe::problem::{Code, Problem, Problems};
use crate::run::INTERRUPTED;

/// The run failed.
const FAILED: u8 = 1;
/// The recipe or the call is wrong.
const WRONG_CALL: u8 = 2;

#[derive(Subcommand)]
enum Command {
    /// Run a recipe
    Run(run::RunArguments),
    /// Check a recipe and show what it would do; reads no data, writes nothing
    Check(check::CheckArguments),
    /// List the stages that recipes can use
    Stages(stages::StagesArguments),
    /// Show what a stage does, its ports and its parameters
    Describe(describe::DescribeArguments),
    /// Print the recipe reference, Markdown: every stage with its ports and parameters
    Reference,
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
    let plugin_commands = ichflow_api::command::all();
    let program = clap::Command::new("ichflow")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Detects intracranial hemorrhage on head CT: from a TOML recipe to a trained model, a submission and a report")
        .subcommand_required(true)
        .arg_required_else_help(true);
    let program = Command::augment_subcommands(program)
        .subcommands(plugin_commands.iter().map(|(definition, _)| definition.clone()));
    let matches = program.get_matches();
    for (definition, command) in &plugin_commands {
        if let Some(arguments) = matches.subcommand_matches(definition.get_name()) {
            return match (command.run)(arguments) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error),
            };
        }
    }
    let command = match Command::from_arg_matches(&matches) {
        Ok(command) => command,
        Err(error) => error.exit(),
    };
    let registry = match Registry::collect() {
        Ok(registry) => registry,
        Err(duplicate) => {
            eprintln!("error: {duplicate}");
            return ExitCode::from(FAILED);
        }
    };
    match command {
        Command::Run(arguments) => run::main(&arguments, &registry),
        Command::Check(arguments) => check::main(&arguments, &registry),
        Command::Stages(arguments) => stages::main(&arguments, &registry),
        Command::Describe(arguments) => describe::main(&arguments, &registry),
        Command::Reference => reference::main(&registry),
    }
}

/// A plan, or all that is wrong with the recipe.
fn plan(arguments: &RecipeArguments, registry: &Registry) -> Result<(Plan, Problems), Problems> {
    let mut problems = Problems::default();
    let recipe = recipe::load(&arguments.recipe, &arguments.sets, registry, &mut problems);
    // A stage left out for its own mistakes would make later inputs look unfed: those are not reported.
    let whole = problems.list.is_empty();
    let mut wiring_problems = Problems::default();
    let plan = Plan::new(recipe, registry, &mut wiring_problems);
    if whole {
        problems.list.extend(wiring_problems.list);
    } else {
        let sure = |problem: &Problem| problem.code != Code::NothingOffered;
        problems
            .list
            .extend(wiring_problems.list.into_iter().filter(sure));
    }
    problems.sort();
    match plan {
        Ok(plan) if problems.list.is_empty() => Ok((plan, problems)),
        Ok(_) => Err(problems),
        Err(error) => {
            problems
                .list
                .push(Problem::nowhere(Code::Inconsistent, error.chain()));
            Err(problems)
        }
    }
}

/// Shows an error on stderr and gives the exit code it ends the program with.
fn fail(error: &Error) -> ExitCode {
    match error {
        Error::Interrupted => {
            eprintln!("interrupted");
            ExitCode::from(INTERRUPTED)
        }
        Error::Failed { help, .. } => {
            eprintln!("error: {}", error.chain());
            if let Some(help) = help {
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

/// A length of time as a person says it: "2 min 5 s".
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let said = |seconds: f64| duration(Duration::from_secs_f64(seconds));
        assert_eq!(said(1.25), "1.2 s");
        assert_eq!(said(59.9), "59 s");
        assert_eq!(said(125.0), "2 min 5 s");
        assert_eq!(said(7260.0), "2 h 1 min");
    }
}
