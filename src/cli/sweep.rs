//! `ichflow sweep`: every trial of a recipe's `[sweep]`, each a run of its own, and their comparison.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Instant;

use clap::Args;
use ichflow_api::counted::counted;
use ichflow_api::device::DeviceChoice;
use ichflow_api::error::{Error, Result};
use ichflow_api::registry::Registry;

use super::{RecipeArguments, WRONG_CALL, colour, fail, plans, run_plugin_command, tell_advice};
use crate::duration::duration;
use crate::run::trials::{self, Ended, Outcome, TrialOptions};
use crate::run::{directory, listen};

/// Arguments of `ichflow sweep`.
#[derive(Args, Debug)]
pub(super) struct SweepArguments {
    #[command(flatten)]
    recipe: RecipeArguments,
    /// Trials that run at once; they share the processors
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// Run trials again that an earlier sweep already finished
    #[arg(long)]
    again: bool,
    /// Directory that holds runs and the cache
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Where to compute: auto (a GPU if there is one), cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
}

pub(super) fn main(arguments: &SweepArguments, registry: &Registry) -> ExitCode {
    let planned = match plans(&arguments.recipe, registry) {
        Ok(planned) => planned,
        Err(problems) => {
            eprint!("{}", problems.render(colour()));
            return ExitCode::from(WRONG_CALL);
        }
    };
    let path = arguments.recipe.recipe.display();
    if !planned.is_sweep {
        eprintln!("error: {path} has no sweep");
        eprintln!("help: `ichflow run {path}` runs it; a table such as [sweep.grid] makes trials of it");
        return ExitCode::from(WRONG_CALL);
    }
    let begun = Instant::now();
    let stop = listen();
    tell_advice(&planned.plans, &planned.sources);
    eprintln!("{path} · {}", counted(planned.plans.len(), "trial", "trials"));
    let options = TrialOptions {
        recipe: &arguments.recipe.recipe,
        sets: &arguments.recipe.sets,
        out: &arguments.out,
        device: arguments.device,
        jobs: usize::from(arguments.jobs),
        again: arguments.again,
        say: &|text| eprintln!("{text}"),
    };
    let ended = match trials::run_all(&planned.plans, &options, stop) {
        Ok(ended) => ended,
        Err(error) => return fail(&error),
    };
    print_table(&ended);
    println!("time  {}", duration(begun.elapsed()));
    let home = directory::parent(&arguments.out, &arguments.recipe.recipe, None);
    if let Err(error) = trials::write_record(&home, &ended) {
        return fail(&error);
    }
    if stop.load(Ordering::SeqCst) {
        eprintln!("interrupted; the same command goes on with what is left");
        return ExitCode::from(crate::run::INTERRUPTED);
    }
    if let Err(error) = compare(&home, &ended, registry) {
        return fail(&error);
    }
    let failed = ended
        .iter()
        .any(|trial| matches!(trial.outcome, Outcome::Failed(_)));
    ExitCode::from(u8::from(failed))
}

fn print_table(ended: &[Ended]) {
    let width = ended
        .iter()
        .map(|trial| trial.name.chars().count())
        .max()
        .unwrap_or(0);
    println!();
    for trial in ended {
        let outcome = match &trial.outcome {
            Outcome::Done => format!("done in {}", duration(trial.took)),
            Outcome::DoneBefore => "done before".to_owned(),
            Outcome::Failed(reason) => format!("failed: {reason}"),
            Outcome::Interrupted => "interrupted".to_owned(),
        };
        println!("{:width$}  {outcome}", trial.name);
    }
    println!();
}

/// Ends the sweep with the comparison of its runs, if a plugin brings one.
fn compare(home: &Path, ended: &[Ended], registry: &Registry) -> Result<()> {
    let commands = ichflow_api::command::all();
    let Some((definition, command)) = commands
        .into_iter()
        .find(|(definition, _)| definition.get_name() == "compare")
    else {
        return Ok(());
    };
    let mut arguments: Vec<OsString> = vec!["compare".into()];
    arguments.extend(
        ended
            .iter()
            .filter_map(|trial| Some(trial.directory.clone()?.into())),
    );
    if arguments.len() < 2 {
        return Err(Error::new("not one trial left results to compare"));
    }
    arguments.push("--out".into());
    arguments.push(home.join("comparison.html").into());
    let matches = definition
        .try_get_matches_from(arguments)
        .map_err(|error| Error::new(format!("the comparison cannot be made: {error}")))?;
    run_plugin_command(command, &matches, registry).map(|_| ())
}
