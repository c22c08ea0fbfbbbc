//! `[labels]`: which labels a recipe is about.

use ichflow_api::data::labels::{LabelSet, rsna};
use ichflow_api::error::Error;

use super::problem::{Code, Problem};
use super::suggest;
use super::top_level::wrong_type;
use super::value::{Entry, Node, Table, Value};

/// The table's name.
pub(super) const KEY: &str = "labels";

/// Its keys.
const KEYS: [&str; 3] = ["names", "union", "weights"];

/// Whether an entry declares labels: a stage may be called `labels` too, and has a `use`.
pub(super) fn declares(entry: &Entry) -> bool {
    let table = entry.node.as_table();
    entry.key == KEY && table.is_none_or(|table| table.get("use").is_none())
}

/// The labels of a recipe; the challenge's six where it declares none. What is wrong is added to `problems`.
pub(super) fn of(recipe: &Table, problems: &mut Vec<Problem>) -> LabelSet {
    let Some(entry) = recipe.entry(KEY).filter(|entry| declares(entry)) else {
        return LabelSet::rsna();
    };
    let before = problems.len();
    let Some(table) = entry.node.as_table() else {
        problems.push(wrong_type(
            &entry.node,
            KEY,
            "a table such as { names = [\"fracture\", \"bleed\"] }",
        ));
        return LabelSet::rsna();
    };
    for unknown in table
        .entries
        .iter()
        .filter(|entry| !KEYS.contains(&entry.key.as_str()))
    {
        let mut problem = Problem::at(
            Code::UnknownKey,
            &unknown.key_place,
            format!("`{KEY}` has no key `{}`", unknown.key),
        );
        problem.help = suggest::help(&unknown.key, KEYS);
        problems.push(problem);
    }
    let Some(names) = table.get("names") else {
        problems.push(
            Problem::at(Code::MissingKey, &entry.key_place, "`labels` has no `names`")
                .help("list the labels: names = [\"fracture\", \"bleed\"]"),
        );
        return LabelSet::rsna();
    };
    let names = list(
        names,
        "labels.names",
        "a list of texts",
        problems,
        |value| match value {
            Value::String(text) => Some(text.clone()),
            _ => None,
        },
    );
    let union = match table.get("union") {
        None => names.iter().find(|name| *name == rsna::LABELS[0]).cloned(),
        Some(Node {
            value: Value::String(name),
            ..
        }) => Some(name.clone()),
        Some(node) => {
            problems.push(wrong_type(node, "labels.union", "the name of a label"));
            None
        }
    };
    let weights = match table.get("weights") {
        None => names.iter().map(|name| usual_weight(name, &names)).collect(),
        Some(node) => list(
            node,
            "labels.weights",
            "a list of numbers",
            problems,
            |value| match value {
                Value::Integer(number) => Some(*number as f64),
                Value::Float(number) => Some(*number),
                _ => None,
            },
        ),
    };
    if problems.len() > before {
        return LabelSet::rsna();
    }
    LabelSet::new(names, union.as_deref(), weights).unwrap_or_else(|error| {
        let (message, help) = match error {
            Error::Failed { message, help, .. } => (message, help.unwrap_or_default()),
            other => (other.to_string(), String::new()),
        };
        problems.push(Problem::at(Code::Inconsistent, &entry.node.place, message).help(help));
        LabelSet::rsna()
    })
}

/// A label counts once; labels of the challenge count as there, where the recipe has no others.
fn usual_weight(name: &str, all: &[String]) -> f64 {
    let of_rsna = |name: &str| rsna::index_of(name).map(|place| rsna::METRIC_WEIGHTS[place]);
    match all.iter().all(|name| of_rsna(name).is_some()) {
        true => of_rsna(name).unwrap_or(1.0),
        false => 1.0,
    }
}

/// The items of a list; a problem for what is none, or of another type.
fn list<T>(
    node: &Node,
    key: &str,
    wanted: &str,
    problems: &mut Vec<Problem>,
    item: impl Fn(&Value) -> Option<T>,
) -> Vec<T> {
    let Value::Array(items) = &node.value else {
        problems.push(wrong_type(node, key, wanted));
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, node) in items.iter().enumerate() {
        match item(&node.value) {
            Some(value) => found.push(value),
            None => {
                let wanted = wanted.trim_start_matches("a list of ").trim_end_matches('s');
                problems.push(wrong_type(
                    node,
                    &format!("{key}[{index}]"),
                    &format!("a {wanted}"),
                ));
            }
        }
    }
    found
}

/// The declaration of a label set, as a resolved recipe has it.
pub fn resolved(labels: &LabelSet) -> toml::Table {
    let mut table = toml::Table::new();
    let names = labels.names().iter().cloned().map(toml::Value::from);
    table.insert("names".into(), names.collect::<Vec<_>>().into());
    if let Some(union) = labels.union() {
        table.insert("union".into(), labels.name(union).into());
    }
    let weights = labels.weights().iter().copied().map(toml::Value::from);
    table.insert("weights".into(), weights.collect::<Vec<_>>().into());
    table
}
