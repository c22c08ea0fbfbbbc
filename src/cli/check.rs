//! `ichflow check`: everything that can be known of a recipe without running it.

use std::process::ExitCode;

use burn::tensor::Device;
use clap::Args;
use ichflow_api::counted::counted;
use ichflow_api::error::Result;
use ichflow_api::nn::summary::Summary;
use ichflow_api::registry::Registry;
use serde::Serialize;
use serde_json::{Value, json};

use super::{RecipeArguments, WRONG_CALL, advice, colour, fail, plans, tell_advice};
use crate::plan::network::{self, USUAL_SIZE};
use crate::plan::{Plan, PlannedStage};

/// Arguments of `ichflow check`.
#[derive(Args, Debug)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    recipe: RecipeArguments,
    /// Print JSON, for scripts and editors
    #[arg(long)]
    json: bool,
    /// Build each network too, and show its layers, shapes, parameters and multiply-adds
    #[arg(long)]
    network: bool,
}

pub(super) fn main(arguments: &CheckArguments, registry: &Registry) -> ExitCode {
    match plans(&arguments.recipe, registry) {
        Ok(planned) => {
            let networks = match networks(arguments.network, &planned.plans) {
                Ok(networks) => networks,
                Err(error) => return fail(&error),
            };
            let mut json = match planned.plans.as_slice() {
                [plan] if !planned.is_sweep => recipe_json(plan),
                trials => json!({"ok": true, "problems": [],
                    "trials": trials.iter().map(recipe_json).collect::<Vec<_>>()}),
            };
            if !arguments.json {
                tell_advice(&planned.plans, &planned.sources);
            }
            if arguments.json {
                json["warnings"] = advice(&planned.plans, &planned.sources).to_json();
                if arguments.network {
                    json["networks"] = json!(networks);
                }
                println!("{json:#}");
            } else if planned.is_sweep {
                print!("{}", trials_in_words(&planned.plans));
            } else {
                planned
                    .plans
                    .iter()
                    .for_each(|plan| print!("{}\nready to run\n", in_words(plan)));
            }
            if !arguments.json {
                networks
                    .iter()
                    .for_each(|(name, network)| print!("{}", network.in_words(name)));
            }
            ExitCode::SUCCESS
        }
        Err(problems) => {
            if arguments.json {
                println!("{:#}", json!({"ok": false, "problems": problems.to_json()}));
            } else {
                eprint!("{}", problems.render(colour()));
            }
            ExitCode::from(WRONG_CALL)
        }
    }
}

/// What a network consists of.
#[derive(Serialize)]
struct NetworkSummary {
    #[serde(flatten)]
    summary: Summary,
    /// Whether the image's size is not the recipe's own.
    usual_size: bool,
}

impl NetworkSummary {
    fn in_words(&self, trained_by: &str) -> String {
        let size = if self.usual_size {
            format!("; the recipe sets no size, so {USUAL_SIZE} pixels stand for it")
        } else {
            String::new()
        };
        format!(
            "\nnetwork trained by [{trained_by}]{size}\n{}",
            self.summary.in_words(DEPTH)
        )
    }
}

/// Parts of a layer's path by which layers are put together: "backbone.blocks.1".
const DEPTH: usize = 3;

/// Summaries of what the recipes train, by the stage that trains; trials of a sweep that train alike count once.
fn networks(asked: bool, plans: &[Plan]) -> Result<Vec<(String, NetworkSummary)>> {
    let mut found: Vec<(String, NetworkSummary)> = Vec::new();
    for plan in plans.iter().filter(|_| asked) {
        for (name, built) in network::of_plan(plan)? {
            let summary = Summary::of(&built.network, built.image, &Device::flex());
            if !found
                .iter()
                .any(|(known, other)| *known == name && other.summary == summary)
            {
                let usual_size = built.usual_size;
                found.push((name, NetworkSummary { summary, usual_size }));
            }
        }
    }
    Ok(found)
}

fn params(stage: &PlannedStage) -> toml::Table {
    stage.stage.stage.params().unwrap_or_default()
}

fn recipe_json(plan: &Plan) -> Value {
    let stages: Vec<Value> = plan.stages.iter().map(|stage| stage_json(plan, stage)).collect();
    let mut json =
        json!({"ok": true, "title": plan.title, "seed": plan.seed, "problems": [], "stages": stages});
    if let Some(trial) = &plan.trial {
        json["trial"] = json!(trial);
    }
    json
}

/// The first trial in full, since the others differ in little, and the names of all.
fn trials_in_words(trials: &[Plan]) -> String {
    let mut text = String::new();
    if let Some(first) = trials.first() {
        text.push_str(&in_words(first));
        text.push_str(&format!(
            "\nthat was the first of {}:\n",
            counted(trials.len(), "trial", "trials")
        ));
    }
    for name in trials.iter().filter_map(|plan| plan.trial.as_ref()) {
        text.push_str(&format!("      {name}\n"));
    }
    text.push_str("\nready for `ichflow sweep`\n");
    text
}

fn stage_json(plan: &Plan, planned: &PlannedStage) -> Value {
    json!({
        "name": planned.stage.name,
        "use": planned.stage.registration.name,
        "family": planned.stage.registration.family.name(),
        "key": planned.key,
        "inputs": planned.wires.iter().map(|(port, wire)| ((*port).to_owned(), json!(plan.source_name(wire))))
            .collect::<serde_json::Map<_, _>>(),
        "outputs": planned.outputs,
        "params": serde_json::to_value(params(planned)).unwrap_or(Value::Null),
    })
}

/// Each stage with its wiring and its parameters, defaults included.
fn in_words(plan: &Plan) -> String {
    let mut text = format!(
        "{}\nseed {} · {}\n",
        plan.title,
        plan.seed,
        counted(plan.stages.len(), "stage", "stages")
    );
    for (index, planned) in plan.stages.iter().enumerate() {
        let stage = &planned.stage;
        text.push_str(&format!(
            "\n{:>2}  [{}] {} – {}\n",
            index + 1,
            stage.name,
            stage.registration.name,
            stage.registration.summary
        ));
        for (port, wire) in &planned.wires {
            text.push_str(&format!("      {port} ← {}\n", plan.source_name(wire)));
        }
        let params = params(planned);
        let width = params.keys().map(String::len).max().unwrap_or(0);
        for (key, value) in &params {
            text.push_str(&format!("      {key:width$} = {value}\n"));
        }
        if !planned.outputs.is_empty() {
            text.push_str(&format!("      → {}\n", planned.outputs.join(", ")));
        }
    }
    text
}
