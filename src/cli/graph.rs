//! `ichflow graph`: the wiring of a recipe, for Mermaid or Graphviz.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use ichflow_api::registry::Registry;

use super::{RecipeArguments, WRONG_CALL, colour, plan};
use crate::plan::Plan;

/// The language of the graph.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Mermaid, which Markdown viewers draw
    Mermaid,
    /// Graphviz: `ichflow graph R --format dot | dot -Tsvg`
    Dot,
}

/// Arguments of `ichflow graph`.
#[derive(Args, Debug)]
pub(super) struct GraphArguments {
    #[command(flatten)]
    recipe: RecipeArguments,
    /// The trial of the recipe's sweep to draw
    #[arg(long, value_name = "NAME")]
    trial: Option<String>,
    /// The language of the graph
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    format: Format,
}

pub(super) fn main(arguments: &GraphArguments, registry: &Registry) -> ExitCode {
    match plan(&arguments.recipe, arguments.trial.as_deref(), registry) {
        Ok((plan, _)) => {
            let text = match arguments.format {
                Format::Mermaid => mermaid(&plan),
                Format::Dot => dot(&plan),
            };
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprint!("{}", problems.render(colour()));
            ExitCode::from(WRONG_CALL)
        }
    }
}

/// From, to and what passes between them; what goes the same way is one edge.
fn edges(plan: &Plan) -> Vec<(usize, usize, String)> {
    let mut edges: Vec<(usize, usize, String)> = Vec::new();
    for (to, planned) in plan.stages.iter().enumerate() {
        for wire in planned.wires.values() {
            match edges.iter_mut().find(|edge| edge.0 == wire.stage && edge.1 == to) {
                Some(edge) => {
                    edge.2.push_str(", ");
                    edge.2.push_str(wire.output);
                }
                None => edges.push((wire.stage, to, wire.output.to_owned())),
            }
        }
    }
    edges
}

/// Stage names are letters, digits, `-` and `_`: safe in both languages.
fn mermaid(plan: &Plan) -> String {
    let mut text = String::from("flowchart LR\n");
    for (index, planned) in plan.stages.iter().enumerate() {
        let (name, stage_use) = (&planned.stage.name, planned.stage.registration.name);
        text.push_str(&format!(
            "  s{index}[\"{name}<br/><small>{stage_use}</small>\"]\n"
        ));
    }
    for (from, to, what) in edges(plan) {
        text.push_str(&format!("  s{from} -- {what} --> s{to}\n"));
    }
    text
}

fn dot(plan: &Plan) -> String {
    let mut text = String::from("digraph recipe {\n  rankdir = LR\n  node [shape = box]\n");
    for (index, planned) in plan.stages.iter().enumerate() {
        let (name, stage_use) = (&planned.stage.name, planned.stage.registration.name);
        text.push_str(&format!("  s{index} [label = \"{name}\\n{stage_use}\"]\n"));
    }
    for (from, to, what) in edges(plan) {
        text.push_str(&format!("  s{from} -> s{to} [label = \"{what}\"]\n"));
    }
    text.push_str("}\n");
    text
}
