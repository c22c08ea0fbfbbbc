//! The keys of a recipe that are not stages: its format, its title, its seed.

use std::path::Path;

use super::problem::{Code, Problem, Problems};
use super::value::{Node, Table, Value};

/// The recipe format this program reads.
pub const FORMAT: i64 = 1;

/// All of them.
pub(super) const KEYS: [&str; 5] = ["ichflow", "title", "extends", "seed", "vars"];

/// A value that is not of the type wanted.
pub(super) fn wrong_type(node: &Node, key: &str, wanted: &str) -> Problem {
    Problem::at(
        Code::WrongType,
        &node.place,
        format!("`{key}` is {} where {wanted} is wanted", node.kind()),
    )
}

/// Looks whether the recipe is of a format that this program reads.
pub(super) fn check_format(table: &Table, problems: &mut Problems) {
    match table.get("ichflow") {
        None => problems.list.push(
            Problem::nowhere(
                Code::Format,
                "the recipe does not say which format it is written in",
            )
            .help(format!("add the line `ichflow = {FORMAT}` at its top")),
        ),
        Some(Node {
            value: Value::Integer(FORMAT),
            ..
        }) => {}
        Some(node) => problems.list.push(
            Problem::at(
                Code::Format,
                &node.place,
                "this recipe format is not known to this ichflow",
            )
            .help(format!("this program reads `ichflow = {FORMAT}`")),
        ),
    }
}

/// The recipe's title; its file name without one.
pub(super) fn title(table: &Table, path: &Path, problems: &mut Problems) -> String {
    let fallback = path
        .file_stem()
        .map_or("recipe".into(), |stem| stem.to_string_lossy().into_owned());
    match table.get("title") {
        None => fallback,
        Some(Node {
            value: Value::String(title),
            ..
        }) => title.clone(),
        Some(node) => {
            problems.list.push(wrong_type(node, "title", "text"));
            fallback
        }
    }
}

/// The recipe's seed.
pub(super) fn seed(table: &Table, problems: &mut Problems) -> u64 {
    match table.get("seed") {
        None => 0,
        Some(Node {
            value: Value::Integer(seed),
            ..
        }) if *seed >= 0 => seed.unsigned_abs(),
        Some(node) => {
            problems.list.push(no_seed(node, "seed"));
            0
        }
    }
}

/// A value that cannot be a seed.
pub(super) fn no_seed(node: &Node, key: &str) -> Problem {
    match node.value {
        Value::Integer(number) => Problem::at(
            Code::OutOfRange,
            &node.place,
            format!("`{key}` is {number}; it must be at least 0"),
        ),
        _ => wrong_type(node, key, "a whole number"),
    }
}
