//! `ichflow run`: from a recipe to results.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use ichflow_api::device::DeviceChoice;
use ichflow_api::registry::Registry;

use super::{RecipeArguments, WRONG_CALL, colour, duration, fail, plan};
use crate::run::{Finished, RunOptions, listen, run};

/// Arguments of `ichflow run`.
#[derive(Args, Debug)]
pub struct RunArguments {
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
}

pub fn main(arguments: &RunArguments, registry: &Registry) -> ExitCode {
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
    let trial = plan
        .trial
        .as_ref()
        .map_or(String::new(), |trial| format!(" · {trial}"));
    eprintln!(
        "{}{trial} · {} stages · on {}",
        plan.title,
        plan.stages.len(),
        device.name
    );
    let options = RunOptions {
        recipe: &arguments.recipe.recipe,
        sources: &sources,
        out: &arguments.out,
        device,
        stop: listen(),
    };
    match run(&plan, options) {
        Ok(finished) => {
            print_summary(&finished);
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// The short table at the end of a run.
fn print_summary(finished: &Finished) {
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
    println!("\nresults  {}", finished.directory.display());
    if let Some(report) = &finished.report {
        println!("report   {}", shown(report).display());
    }
}

/// The path a person opens: absolute, so that it can be pasted anywhere.
fn shown(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
