//! `ichflow stages`: what recipes can use.

use std::process::ExitCode;

use clap::Args;
use ichflow_api::registry::{Registration, Registry};
use ichflow_api::stage::Family;
use serde_json::json;

use super::WRONG_CALL;
use crate::recipe::suggest;

/// Arguments of `ichflow stages`.
#[derive(Args, Debug)]
pub(super) struct StagesArguments {
    /// Only this family: load, store, window, transform, split, network, loss, train, predict, export, report
    family: Option<String>,
    /// Print JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &StagesArguments, registry: &Registry) -> ExitCode {
    let names = Family::ALL.map(Family::name);
    if let Some(family) = &arguments.family
        && !names.contains(&family.as_str())
    {
        eprintln!("error: there is no family `{family}`");
        match suggest::closest(family, names) {
            Some(name) => eprintln!("help: did you mean `{name}`?"),
            None => eprintln!("help: the families are {}", names.join(", ")),
        }
        return ExitCode::from(WRONG_CALL);
    }
    let stages: Vec<_> = registry
        .all()
        .into_iter()
        .filter(|stage| {
            arguments
                .family
                .as_deref()
                .is_none_or(|family| stage.family.name() == family)
        })
        .collect();
    if arguments.json {
        let list: Vec<_> = stages
            .iter()
            .map(|stage| {
                json!({"name": stage.name, "family": stage.family.name(), "summary": stage.summary,
                       "plugin": stage.plugin, "version": stage.version})
            })
            .collect();
        println!("{:#}", json!(list));
        return ExitCode::SUCCESS;
    }
    print!("{}", in_words(&stages));
    ExitCode::SUCCESS
}

fn in_words(stages: &[&Registration]) -> String {
    let width = stages.iter().map(|stage| stage.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut family = None;
    for stage in stages {
        if family != Some(stage.family) {
            if family.is_some() {
                text.push('\n');
            }
            text.push_str(&format!("{}\n", stage.family.name()));
            family = Some(stage.family);
        }
        text.push_str(&format!("  {:width$}  {}\n", stage.name, stage.summary));
    }
    text.push_str("\n`ichflow describe STAGE` tells more of one\n");
    text
}
