//! One stage of a recipe: its table checked against what the registry knows, its parameters built.

use std::collections::BTreeMap;

use ichflow_api::data::labels::LabelSet;
use ichflow_api::ports::Ports;
use ichflow_api::registry::{Registration, Registry};
use ichflow_api::stage::AnyStage;

use super::missing::missing;
use super::problem::{Code, Problem};
use super::source::Place;
use super::top_level::{self, no_seed, wrong_type};
use super::value::{Entry, Node, Table, Value};
use super::{renamed, schema, suggest};

/// Whether the files that stages will read must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// The recipe is to be run: what it reads must be there.
    MustBeThere,
    /// The recipe is looked at, and its loaders do not run.
    MayBeAbsent,
}

/// One stage of a recipe.
pub struct RecipeStage {
    /// Its name: the table's.
    pub name: String,
    /// Its record in the registry.
    pub registration: &'static Registration,
    /// Its parameters.
    pub stage: Box<dyn AnyStage>,
    /// Its ports, given its parameters.
    pub ports: Ports,
    /// Its own seed, if it does not take the recipe's.
    pub seed: Option<u64>,
    /// Inputs whose source the recipe names: port → text such as `load.test`, and where it stands.
    pub picks: BTreeMap<String, (String, Place)>,
    /// Where its table's header stands.
    pub place: Place,
    /// Its table as it was written, layers merged: where each value comes from.
    pub written: Node,
    /// What deserves attention in it although it can run.
    pub advice: Vec<Problem>,
}

/// The stage of a table; what is wrong with it is added to `problems`, and a stage with a problem of its own is none.
pub(super) fn load(
    entry: &Entry,
    files: Files,
    labels: &LabelSet,
    registry: &Registry,
    problems: &mut Vec<Problem>,
) -> Option<RecipeStage> {
    let name = &entry.key;
    let Some(table) = entry.node.as_table() else {
        let mut problem = Problem::at(
            Code::UnknownKey,
            &entry.key_place,
            format!("unknown key `{name}`"),
        );
        problem.help = suggest::help(name, top_level::KEYS);
        problems.push(problem);
        return None;
    };
    // Names stand in wires (`load.test`) and in the paths of results.
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.chars().all(plain) || name.is_empty() {
        problems.push(
            Problem::at(
                Code::NotAStage,
                &entry.key_place,
                format!("`{name}` cannot be the name of a stage"),
            )
            .help("a name is made of letters, digits, `-` and `_`"),
        );
        return None;
    }
    let (use_name, use_place) = match table.get("use") {
        Some(Node {
            value: Value::String(text),
            place,
        }) => (text, place),
        Some(node) => {
            problems.push(wrong_type(node, &format!("{name}.use"), "the name of a stage"));
            return None;
        }
        None => {
            let help = suggest::closest(name, top_level::KEYS)
                .map(|known| format!("did you mean `{known}`?"))
                .unwrap_or_else(|| {
                    "a stage's table has a line `use = \"…\"`; `ichflow stages` lists them".into()
                });
            problems.push(
                Problem::at(
                    Code::NotAStage,
                    &entry.key_place,
                    format!("the table `{name}` has no `use`"),
                )
                .help(help),
            );
            return None;
        }
    };
    let Some(registration) = registry.find(use_name) else {
        let help = suggest::closest(use_name, registry.names()).map_or_else(
            || {
                "`ichflow stages` lists those linked into this program; a stage of your own is linked by naming \
                 its crate in the program's main.rs: `use your_plugin as _;`"
                    .to_owned()
            },
            |known| format!("did you mean `{known}`?"),
        );
        problems.push(
            Problem::at(
                Code::UnknownStage,
                use_place,
                format!("there is no stage `{use_name}`"),
            )
            .help(help),
        );
        return None;
    };
    build(entry, table, registration, (files, labels), problems)
}

fn build(
    entry: &Entry,
    table: &Table,
    registration: &'static Registration,
    (files, labels): (Files, &LabelSet),
    problems: &mut Vec<Problem>,
) -> Option<RecipeStage> {
    let name = &entry.key;
    let before = problems.len();
    let schema = registration.schema();
    let port_names: Vec<&'static str> = registration
        .ports()
        .inputs
        .iter()
        .map(|input| input.name)
        .collect();
    let mut others = vec!["use"];
    others.extend(&port_names);
    // A parameter of that name would be the stage's own business.
    let takes_seed = registration.seeded && schema["properties"].get("seed").is_none();
    others.extend(takes_seed.then_some("seed"));
    let mut current = table.clone();
    renamed::take(&mut current, registration.renamed, name, problems);
    schema::check_keys(&current, &schema, &others, name, problems);
    schema::check_missing(table, &schema, &others, name, problems, &entry.node);
    let mut picks = BTreeMap::new();
    for port in &port_names {
        match table.get(port) {
            Some(Node {
                value: Value::String(source),
                place,
            }) => {
                picks.insert((*port).to_owned(), (source.clone(), place.clone()));
            }
            Some(node) => problems.push(
                wrong_type(node, &format!("{name}.{port}"), "the name of an earlier stage")
                    .help(format!("for example: {port} = \"load\"")),
            ),
            None => {}
        }
    }
    let seed = match table.get("seed").filter(|_| takes_seed) {
        None => None,
        Some(Node {
            value: Value::Integer(seed),
            ..
        }) if *seed >= 0 => Some(seed.unsigned_abs()),
        Some(node) => {
            problems.push(no_seed(node, &format!("{name}.seed")));
            None
        }
    };
    if problems.len() > before {
        return None;
    }
    let mut params = table.to_toml();
    params.remove("use");
    if takes_seed {
        params.remove("seed");
    }
    for port in &port_names {
        params.remove(*port);
    }
    let stage = match registration.build(params) {
        Ok(stage) => stage,
        Err(error) => {
            problems.push(Problem::at(
                Code::WrongType,
                &entry.node.place,
                format!("the parameters of `{name}` do not fit: {}", error.message()),
            ));
            return None;
        }
    };
    let mut advice = Vec::new();
    for found in stage.check().into_iter().chain(stage.check_labels(labels)) {
        let place = entry.node.place_of(&found.key);
        let mut problem = Problem::at(Code::Inconsistent, &place, found.message);
        problem.help = found.help;
        match found.is_advice {
            true => advice.push(problem),
            false => problems.push(problem),
        }
    }
    let reads = match files {
        Files::MustBeThere => stage.reads(),
        Files::MayBeAbsent => Vec::new(),
    };
    for external in reads {
        let there = if external.directory {
            external.path.is_dir()
        } else {
            external.path.is_file()
        };
        let place = entry.node.place_of(external.key);
        // A path whose variable is unknown is no second mistake.
        let known = problems
            .iter()
            .any(|problem| problem.place.as_ref() == Some(&place));
        if !there && !known {
            problems.push(missing(&place, &external));
        }
    }
    let ports = stage.ports();
    Some(RecipeStage {
        name: name.clone(),
        registration,
        stage,
        ports,
        seed,
        picks,
        place: entry.key_place.clone(),
        written: entry.node.clone(),
        advice,
    })
}
