//! `ichflow check`: everything that can be known of a recipe without running it.

use std::process::ExitCode;

use clap::Args;
use ichflow_api::registry::Registry;
use serde_json::{Value, json};

use super::{RecipeArguments, WRONG_CALL, colour, plan};
use crate::plan::{Plan, PlannedStage};

/// Arguments of `ichflow check`.
#[derive(Args, Debug)]
pub struct CheckArguments {
    #[command(flatten)]
    recipe: RecipeArguments,
    /// Print JSON, for scripts and editors
    #[arg(long)]
    json: bool,
}

pub fn main(arguments: &CheckArguments, registry: &Registry) -> ExitCode {
    match plan(&arguments.recipe, registry) {
        Ok((plan, _)) => {
            if arguments.json {
                println!(
                    "{:#}",
                    json!({"ok": true, "title": plan.title, "seed": plan.seed, "problems": [],
                    "stages": plan.stages.iter().map(|stage| stage_json(&plan, stage)).collect::<Vec<_>>()})
                );
            } else {
                print!("{}", in_words(&plan));
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

fn params(stage: &PlannedStage) -> toml::Table {
    stage.stage.stage.params().unwrap_or_default()
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
        "{}\nseed {} · {} stages\n",
        plan.title,
        plan.seed,
        plan.stages.len()
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
    text.push_str("\nready to run\n");
    text
}
