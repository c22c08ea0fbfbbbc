//! `ichflow plan` and `ichflow explain`: what a run would do, and why.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use ichflow_api::registry::Registry;
use serde_json::{Value, json};

use super::{RecipeArguments, WRONG_CALL, colour, fail, plan, unknown_stage};
use crate::plan::Plan;
use crate::plan::forecast::{Fate, Forecast, forecast};
use crate::recipe::source::Sources;
use crate::run::directory;

/// Arguments of `ichflow plan`.
#[derive(Args, Debug)]
pub(super) struct PlanArguments {
    #[command(flatten)]
    recipe: RecipeArguments,
    /// The trial of the recipe's sweep to look at
    #[arg(long, value_name = "NAME")]
    trial: Option<String>,
    /// Directory that holds runs and the cache
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Print JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// Arguments of `ichflow explain`.
#[derive(Args, Debug)]
pub(super) struct ExplainArguments {
    #[command(flatten)]
    recipe: RecipeArguments,
    /// The stage, by its name in the recipe
    stage: String,
    /// The trial of the recipe's sweep to look at
    #[arg(long, value_name = "NAME")]
    trial: Option<String>,
    /// Directory that holds runs and the cache
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
}

pub(super) fn main(arguments: &PlanArguments, registry: &Registry) -> ExitCode {
    let trial = arguments.trial.as_deref();
    let (plan, forecasts) = match look(&arguments.recipe, trial, &arguments.out, registry) {
        Ok(looked) => looked,
        Err(code) => return code,
    };
    if arguments.json {
        let stages: Vec<Value> = plan
            .stages
            .iter()
            .zip(&forecasts)
            .map(|(planned, forecast)| {
                json!({
                    "name": planned.stage.name,
                    "use": planned.stage.registration.name,
                    "fate": forecast.fate.word(),
                    "why": forecast.why,
                    "last_seconds": forecast.took,
                })
            })
            .collect();
        println!("{:#}", json!({"title": plan.title, "stages": stages}));
    } else {
        print!("{}", in_words(&plan, &forecasts));
    }
    ExitCode::SUCCESS
}

pub(super) fn explain(arguments: &ExplainArguments, registry: &Registry) -> ExitCode {
    let trial = arguments.trial.as_deref();
    let (plan, forecasts) = match look(&arguments.recipe, trial, &arguments.out, registry) {
        Ok(looked) => looked,
        Err(code) => return code,
    };
    let names = || plan.stages.iter().map(|planned| planned.stage.name.as_str());
    let Some(index) = names().position(|name| name == arguments.stage) else {
        unknown_stage(&arguments.stage, names());
        return ExitCode::from(WRONG_CALL);
    };
    let mut told = vec![false; plan.stages.len()];
    print!("{}", explained(&plan, &forecasts, index, &mut told));
    ExitCode::SUCCESS
}

fn look(
    recipe: &RecipeArguments,
    trial: Option<&str>,
    out: &std::path::Path,
    registry: &Registry,
) -> Result<(Plan, Vec<Forecast>), ExitCode> {
    let (plan, sources): (Plan, Sources) = plan(recipe, trial, registry).map_err(|problems| {
        eprint!("{}", problems.render(colour()));
        ExitCode::from(WRONG_CALL)
    })?;
    let runs = directory::parent(out, &recipe.recipe, plan.trial.as_deref());
    match forecast(&plan, &sources, &out.join("cache"), &runs) {
        Ok(forecasts) => Ok((plan, forecasts)),
        Err(error) => Err(fail(&error)),
    }
}

/// A time for tables: "0.0 s".
fn seconds(took: Option<f64>) -> String {
    took.map_or(String::new(), |took| {
        crate::duration::duration(std::time::Duration::from_secs_f64(took.max(0.0)))
    })
}

fn in_words(plan: &Plan, forecasts: &[Forecast]) -> String {
    let mut text = format!("{} · seed {}\n\n", plan.title, plan.seed);
    let width = |pick: fn(&crate::plan::PlannedStage) -> &str| {
        let lengths = plan.stages.iter().map(|planned| pick(planned).chars().count());
        lengths.max().unwrap_or(0)
    };
    let names = width(|planned| &planned.stage.name);
    let uses = width(|planned| planned.stage.registration.name);
    for (planned, forecast) in plan.stages.iter().zip(forecasts) {
        let line = format!(
            "{:names$}  {:uses$}  {:6}  {:>10}  {}",
            planned.stage.name,
            planned.stage.registration.name,
            forecast.fate.word(),
            seconds(forecast.took),
            forecast.why.first().map_or("", String::as_str),
        );
        text.push_str(line.trim_end());
        text.push('\n');
        for why in forecast.why.iter().skip(1) {
            text.push_str(&format!("{:indent$}{why}\n", "", indent = names + uses + 24));
        }
    }
    let running: f64 = forecasts
        .iter()
        .filter(|forecast| forecast.fate != Fate::Cached)
        .filter_map(|forecast| forecast.took)
        .sum();
    text.push_str(
        "\ncached: found again · same: keeps nothing, does what it did before · runs: not there yet\n",
    );
    if running > 0.0 {
        text.push_str(&format!(
            "what is not cached took {} when it was last made\n",
            seconds(Some(running))
        ));
    }
    text
}

/// Why a stage runs, down to the change that a person made.
fn explained(plan: &Plan, forecasts: &[Forecast], index: usize, told: &mut [bool]) -> String {
    told[index] = true;
    let planned = &plan.stages[index];
    let forecast = &forecasts[index];
    let name = &planned.stage.name;
    let mut text = match forecast.fate {
        Fate::Cached => format!("`{name}` is cached\n"),
        Fate::Same => format!("`{name}` keeps nothing for later runs and does what it did before\n"),
        Fate::Runs => format!("`{name}` runs:\n"),
    };
    for why in &forecast.why {
        text.push_str(&format!("  {why}\n"));
    }
    for cause in &forecast.because_of {
        if !told[*cause] {
            text.push_str(&explained(plan, forecasts, *cause, told));
        }
    }
    text
}
