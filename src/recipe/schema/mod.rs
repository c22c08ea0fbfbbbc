//! Checks a stage's table against the JSON Schema of its parameters, finding every problem at once.

mod tagged;
mod words;

use serde_json::Value as Schema;

pub use tagged::Tagged;
use words::{alternatives, range_in_words};
pub use words::{choices, in_words, table, types};

use super::problem::{Code, Problem};
use super::suggest;
use super::value::{Entry, Node, Table, Value};

/// Checks `node` against `schema`. `path` names the value in messages: `train.phases[0].lr`.
pub fn check(node: &Node, schema: &Schema, path: &str, problems: &mut Vec<Problem>) {
    if let Some(choices) = choices(schema) {
        return check_choice(node, &choices, path, problems);
    }
    if let Some(tagged) = Tagged::of(schema) {
        return tagged.check(node, path, problems);
    }
    if let Some(variants) = alternatives(schema) {
        return check_alternatives(node, &variants, path, problems);
    }
    let types = types(schema);
    if !types.is_empty() && !types.iter().any(|wanted| fits(node, wanted)) {
        let mut problem = wrong_type(node, &in_words(schema), path);
        if let Some(properties) = schema.get("properties").and_then(Schema::as_object) {
            let keys: Vec<_> = properties.keys().map(|key| format!("`{key}`")).collect();
            problem.help = Some(format!("its keys are {}", keys.join(", ")));
        }
        problems.push(problem);
        return;
    }
    match &node.value {
        Value::Integer(number) => check_range(node, *number as f64, schema, path, problems),
        Value::Float(number) => check_range(node, *number, schema, path, problems),
        Value::Array(items) => check_items(node, items, schema, path, problems),
        Value::Table(table) => {
            let properties = schema.get("properties").and_then(Schema::as_object);
            if properties.is_some() {
                check_keys(table, schema, &[], path, problems);
                check_missing(table, schema, &[], path, problems, node);
            }
        }
        Value::String(text) => check_length(node, text.chars().count(), schema, "characters", path, problems),
        Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

/// Checks the keys that are there: unknown ones, and the values of known ones. `others` are keys that are
/// no parameters but may stand beside them (`use`, and the names of ports).
pub fn check_keys(table: &Table, schema: &Schema, others: &[&str], path: &str, problems: &mut Vec<Problem>) {
    let properties = schema.get("properties").and_then(Schema::as_object);
    let meant = meant(table, schema, others);
    for entry in &table.entries {
        if others.contains(&entry.key.as_str()) {
            continue;
        }
        let inner_path = if path.is_empty() {
            entry.key.clone()
        } else {
            format!("{path}.{}", entry.key)
        };
        match properties.and_then(|properties| properties.get(&entry.key)) {
            Some(schema) => check(&entry.node, schema, &inner_path, problems),
            None if schema
                .get("additionalProperties")
                .is_some_and(|more| more.is_object()) =>
            {
                check(
                    &entry.node,
                    &schema["additionalProperties"],
                    &inner_path,
                    problems,
                );
            }
            None => {
                let known = properties
                    .into_iter()
                    .flat_map(|properties| properties.keys().map(String::as_str))
                    .chain(others.iter().copied());
                let mut problem = Problem::at(
                    Code::UnknownKey,
                    &entry.key_place,
                    format!("unknown key `{}` in `{path}`", entry.key),
                );
                problem.help = match meant.iter().find(|(key, _)| *key == entry.key) {
                    Some((_, name)) => Some(format!("did you mean `{name}`?")),
                    None => suggest::help(&entry.key, known),
                };
                problems.push(problem);
            }
        }
    }
}

/// Parameters that have no default and are not set.
fn missing<'a>(table: &Table, schema: &'a Schema) -> Vec<&'a str> {
    let required = schema.get("required").and_then(Schema::as_array);
    let names = required.into_iter().flatten().filter_map(Schema::as_str);
    names.filter(|key| table.get(key).is_none()).collect()
}

/// Unknown keys that stand in the place of missing ones, with these: `lrate` where `lr` is missing.
fn meant<'a>(table: &'a Table, schema: &'a Schema, others: &[&str]) -> Vec<(&'a str, &'a str)> {
    let properties = schema.get("properties").and_then(Schema::as_object);
    let is_known =
        |key: &str| others.contains(&key) || properties.is_some_and(|known| known.contains_key(key));
    let entries = table.entries.iter();
    let unknown: Vec<&Entry> = entries.filter(|entry| !is_known(&entry.key)).collect();
    let missing = missing(table, schema);
    let fits = |entry: &Entry, name: &str| {
        let mut problems = Vec::new();
        check(&entry.node, &schema["properties"][name], name, &mut problems);
        problems.is_empty()
    };
    let mut found = Vec::new();
    for entry in &unknown {
        let like = suggest::closest(&entry.key, missing.iter().copied());
        // One that is too many where one is too few, and of its kind.
        let only = match (unknown.as_slice(), missing.as_slice()) {
            ([_], [name]) if fits(entry, name) => Some(*name),
            _ => None,
        };
        found.extend(like.or(only).map(|name| (entry.key.as_str(), name)));
    }
    found
}

/// Reports parameters that have no default and are not set, unless a key stands there that means them.
pub fn check_missing(
    table: &Table,
    schema: &Schema,
    others: &[&str],
    path: &str,
    problems: &mut Vec<Problem>,
    node: &Node,
) {
    let meant = meant(table, schema, others);
    for key in missing(table, schema) {
        if meant.iter().all(|(_, name)| *name != key) {
            let about = schema["properties"][key]
                .get("description")
                .and_then(Schema::as_str)
                .unwrap_or_default();
            problems.push(
                Problem::at(
                    Code::MissingKey,
                    &node.place,
                    format!("`{path}` needs the key `{key}`"),
                )
                .label(format!("`{key}` is not set"))
                .help(format!(
                    "add `{key} = …` ({}): {}",
                    in_words(&schema["properties"][key]),
                    first_line(about)
                )),
            );
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn check_choice(node: &Node, choices: &[(String, String)], path: &str, problems: &mut Vec<Problem>) {
    let words = choices.iter().map(|(word, _)| word.as_str());
    match &node.value {
        Value::String(text) if choices.iter().any(|(word, _)| word == text) => {}
        Value::String(text) => {
            let list = words
                .clone()
                .map(|word| format!("\"{word}\""))
                .collect::<Vec<_>>()
                .join(", ");
            let mut help = format!("it is one of {list}");
            if let Some(word) = suggest::closest(text, words) {
                help = format!("did you mean \"{word}\"? {help}");
            }
            problems.push(
                Problem::at(
                    Code::NotAChoice,
                    &node.place,
                    format!("`{path}` cannot be \"{text}\""),
                )
                .help(help),
            );
        }
        _ => {
            let list = words
                .map(|word| format!("\"{word}\""))
                .collect::<Vec<_>>()
                .join(", ");
            problems.push(wrong_type(node, &format!("one of {list}"), path));
        }
    }
}

/// Of several alternatives, the one whose type fits is checked further; fitting none is one problem.
fn check_alternatives(node: &Node, variants: &[&Schema], path: &str, problems: &mut Vec<Problem>) {
    if let [only] = variants {
        return check(node, only, path, problems);
    }
    let fitting: Vec<_> = variants
        .iter()
        .filter(|variant| types(variant).iter().any(|wanted| fits(node, wanted)))
        .collect();
    let mut best: Option<Vec<Problem>> = None;
    for variant in fitting {
        let mut found = Vec::new();
        check(node, variant, path, &mut found);
        if best.as_ref().is_none_or(|best| found.len() < best.len()) {
            best = Some(found);
        }
    }
    match best {
        Some(found) => problems.extend(found),
        None => {
            let words: Vec<_> = variants.iter().map(|variant| in_words(variant)).collect();
            problems.push(wrong_type(node, &words.join(" or "), path));
        }
    }
}

fn fits(node: &Node, wanted: &str) -> bool {
    match &node.value {
        Value::String(_) | Value::Datetime(_) => wanted == "string",
        Value::Integer(_) => wanted == "integer" || wanted == "number",
        Value::Float(_) => wanted == "number",
        Value::Boolean(_) => wanted == "boolean",
        Value::Array(_) => wanted == "array",
        Value::Table(_) => wanted == "object",
    }
}

fn wrong_type(node: &Node, wanted: &str, path: &str) -> Problem {
    Problem::at(
        Code::WrongType,
        &node.place,
        format!("`{path}` is {} where {wanted} is wanted", node.kind()),
    )
    .label(format!("this is {}", node.kind()))
}

fn check_range(node: &Node, value: f64, schema: &Schema, path: &str, problems: &mut Vec<Problem>) {
    let number = |key: &str| schema.get(key).and_then(Schema::as_f64);
    let too_low = number("minimum").is_some_and(|low| value < low)
        || number("exclusiveMinimum").is_some_and(|low| value <= low);
    let too_high = number("maximum").is_some_and(|high| value > high)
        || number("exclusiveMaximum").is_some_and(|high| value >= high);
    if too_low || too_high || value.is_nan() {
        problems.push(Problem::at(
            Code::OutOfRange,
            &node.place,
            format!("`{path}` is {value}; it must be {}", range_in_words(schema)),
        ));
    }
}

fn check_items(node: &Node, items: &[Node], schema: &Schema, path: &str, problems: &mut Vec<Problem>) {
    check_length(node, items.len(), schema, "entries", path, problems);
    if let Some(inner) = schema.get("items").filter(|inner| inner.is_object()) {
        for (index, item) in items.iter().enumerate() {
            check(item, inner, &format!("{path}[{index}]"), problems);
        }
    }
}

fn check_length(
    node: &Node,
    length: usize,
    schema: &Schema,
    unit: &str,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    let (low, high) = if unit == "entries" {
        ("minItems", "maxItems")
    } else {
        ("minLength", "maxLength")
    };
    let bound = |key: &str| {
        schema
            .get(key)
            .and_then(Schema::as_u64)
            .map(|bound| bound as usize)
    };
    let wanted = match (bound(low), bound(high)) {
        (Some(low), Some(high)) if low == high && length != low => format!("exactly {low}"),
        (Some(low), _) if length < low => format!("at least {low}"),
        (_, Some(high)) if length > high => format!("at most {high}"),
        _ => return,
    };
    problems.push(Problem::at(
        Code::OutOfRange,
        &node.place,
        format!("`{path}` has {length} {unit}; it must have {wanted}"),
    ));
}
