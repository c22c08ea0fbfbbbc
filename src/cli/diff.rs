//! `ichflow diff`: what differs between two recipes or runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use ichflow_api::error::{Error, Result, ResultExt};
use ichflow_api::registry::Registry;
use serde_json::json;
use toml::Value;

use super::{RecipeArguments, WRONG_CALL, colour, fail, plan};
use crate::plan::forecast::flat;

/// Exit code when there is a difference, as `diff` has it.
const DIFFERENT: u8 = 1;

/// Arguments of `ichflow diff`.
#[derive(Args, Debug)]
pub(super) struct DiffArguments {
    /// A recipe, or the directory of a run
    a: PathBuf,
    /// Another
    b: PathBuf,
    /// Print JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &DiffArguments, registry: &Registry) -> ExitCode {
    let mut both = Vec::new();
    for path in [&arguments.a, &arguments.b] {
        match values_of(path, registry) {
            Ok(Ok(values)) => both.push(values),
            Ok(Err(code)) => return code,
            Err(error) => {
                fail(&error);
                return ExitCode::from(WRONG_CALL);
            }
        }
    }
    let (a, b) = (&both[0], &both[1]);
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let different: Vec<&String> = keys
        .into_iter()
        .filter(|key| a.get(*key) != b.get(*key))
        .collect();
    if arguments.json {
        let list: Vec<_> = different
            .iter()
            .map(|key| json!({"key": key, "a": a.get(*key), "b": b.get(*key)}))
            .collect();
        println!("{:#}", json!(list));
    } else {
        print!("{}", in_words(&different, a, b));
    }
    if different.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DIFFERENT)
    }
}

type Values = BTreeMap<String, Value>;

/// Every value of a resolved recipe by its dotted key; wires are values too.
fn values_of(path: &Path, registry: &Registry) -> Result<Result<Values, ExitCode>> {
    let text = if path.is_dir() {
        let resolved = path.join("recipe.resolved.toml");
        if !resolved.is_file() {
            return Err(
                Error::new(format!("{} is not the directory of a run", path.display()))
                    .help("a run's directory holds recipe.resolved.toml; `latest` beside the runs leads to the last"),
            );
        }
        fs::read_to_string(&resolved).at("read", &resolved)?
    } else {
        let recipe = RecipeArguments {
            recipe: path.to_owned(),
            sets: Vec::new(),
        };
        match plan(&recipe, None, registry) {
            Ok((plan, _)) => plan.resolved_recipe()?,
            Err(problems) => {
                eprint!("{}", problems.render(colour()));
                return Ok(Err(ExitCode::from(WRONG_CALL)));
            }
        }
    };
    let table: toml::Table = toml::from_str(&text).at("understand", path)?;
    Ok(Ok(flat(&table)))
}

fn in_words(different: &[&String], a: &Values, b: &Values) -> String {
    if different.is_empty() {
        return "no difference\n".to_owned();
    }
    let shown = |values: &Values, key: &str| values.get(key).map_or("not set".to_owned(), Value::to_string);
    let width = different.iter().map(|key| key.chars().count()).max().unwrap_or(0);
    different
        .iter()
        .map(|key| format!("{key:width$}  {} → {}\n", shown(a, key), shown(b, key)))
        .collect()
}
