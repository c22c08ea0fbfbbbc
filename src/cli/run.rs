//! `ichflow run`: from a recipe to results.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use ichflow_api::cache::shard::Shard;
use ichflow_api::counted::counted;
use ichflow_api::device::{DeviceChoice, DeviceId};
use ichflow_api::error::Error;
use ichflow_api::registry::Registry;

use super::{RecipeArguments, WRONG_CALL, colour, fail, plan, tell_advice, unknown_stage};
use crate::duration::duration;
use crate::plan::Plan;
use crate::run::shard::ShardChoice;
use crate::run::{Finished, RunOptions, listen, run};

/// Arguments of `ichflow run`.
#[derive(Args, Debug)]
pub(super) struct RunArguments {
    #[command(flatten)]
    recipe: RecipeArguments,
    /// Run this trial of the recipe's sweep
    #[arg(long, value_name = "NAME")]
    trial: Option<String>,
    /// Directory that holds runs and the cache
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Where to compute: auto (a GPU if there is one), cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Do one of several parts of the work: 2/3, or auto to take it from Slurm's or Kubernetes' variables. Parts run
    /// on any number of machines that share the directory of --out; the same command without --shard then puts them
    /// together
    #[arg(long, value_name = "I/N")]
    shard: Option<ShardChoice>,
    /// Stop after this stage
    #[arg(long, value_name = "STAGE")]
    until: Option<String>,
}

pub(super) fn main(arguments: &RunArguments, registry: &Registry) -> ExitCode {
    let (plan, sources) = match plan(&arguments.recipe, arguments.trial.as_deref(), registry) {
        Ok(planned) => planned,
        Err(problems) => {
            eprint!("{}", problems.render(colour()));
            return ExitCode::from(WRONG_CALL);
        }
    };
    let device = match arguments.device.resolve() {
        Ok(device) => device,
        Err(error) => {
            fail(&error);
            return ExitCode::from(WRONG_CALL);
        }
    };
    let until = match arguments
        .until
        .as_deref()
        .map(|until| position(&plan, until))
        .transpose()
    {
        Ok(until) => until,
        Err(code) => return code,
    };
    let shard = match arguments.shard.map(ShardChoice::resolve).transpose() {
        Ok(shard) => shard,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(WRONG_CALL);
        }
    };
    tell_advice([&plan], &sources);
    announce(&plan, device);
    if let Some((shard, from)) = &shard {
        eprintln!("shard {shard}, {from}");
    }
    let shard = shard.map(|(shard, _)| shard);
    let options = RunOptions {
        recipe: &arguments.recipe.recipe,
        sources: &sources,
        out: &arguments.out,
        device,
        stop: listen(),
        shard,
        until,
    };
    match run(&plan, options) {
        Ok(finished) => {
            match shard {
                Some(shard) => print_shard(&finished, shard),
                None => print_summary(&finished),
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            let code = fail(&error);
            if matches!(error, Error::Interrupted) {
                let recipe = arguments.recipe.recipe.display();
                eprintln!(
                    "help: the same command goes on where this stopped; `ichflow plan {recipe}` with the same --set, --trial \
                     and --out says where that is"
                );
            }
            code
        }
    }
}

/// The index of the stage that `--until` names.
fn position(plan: &Plan, name: &str) -> Result<usize, ExitCode> {
    let names = || plan.stages.iter().map(|planned| planned.stage.name.as_str());
    names().position(|other| other == name).ok_or_else(|| {
        unknown_stage(name, names());
        ExitCode::from(WRONG_CALL)
    })
}

/// What a shard did, and what it leaves to others.
fn print_shard(finished: &Finished, shard: Shard) {
    println!(
        "\nshard {shard} is done in {}: {}",
        duration(finished.took),
        finished.done.join(", ")
    );
    if !finished.left.is_empty() {
        println!(
            "not split over shards, or standing on what is not whole yet: {}",
            finished.left.join(", ")
        );
    }
    println!(
        "once all {} shards are done, the same command without --shard puts their parts together and goes on",
        shard.count()
    );
    println!("\nrecord   {}", finished.directory.display());
}

/// Says what is about to run, and on what.
pub(super) fn announce(plan: &Plan, device: DeviceId) {
    let trial = plan
        .trial
        .as_ref()
        .map_or(String::new(), |trial| format!(" · {trial}"));
    eprintln!(
        "{}{trial} · {} · on {device}",
        plan.title,
        counted(plan.stages.len(), "stage", "stages")
    );
}

/// The short table at the end of a run.
pub(super) fn print_summary(finished: &Finished) {
    let quarantine_hint = if finished.quarantined.is_empty() {
        ""
    } else {
        "see quarantine.csv"
    };
    let mut lines: Vec<(String, String, String)> = finished
        .summary
        .iter()
        .map(|line| (line.what.clone(), line.value.clone(), line.beside.clone()))
        .collect();
    let count = finished.quarantined.len();
    lines.push(("quarantined".into(), count.to_string(), quarantine_hint.into()));
    lines.push(("time".into(), duration(finished.took), String::new()));
    let width = |pick: fn(&(String, String, String)) -> &String| {
        lines
            .iter()
            .map(|line| pick(line).chars().count())
            .max()
            .unwrap_or(0)
    };
    let (what, value) = (width(|line| &line.0), width(|line| &line.1));
    println!();
    for line in &lines {
        let text = format!("{:what$}  {:value$}  {}", line.0, line.1, line.2);
        println!("{}", text.trim_end());
    }
    if !finished.left.is_empty() {
        println!("\nnot run, as asked: {}", finished.left.join(", "));
    }
    println!("\nresults  {}", finished.directory.display());
    if let Some(report) = &finished.report {
        println!("report   {}", shown(report).display());
    }
}

/// The path a person opens: absolute, so that it can be pasted anywhere.
fn shown(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
