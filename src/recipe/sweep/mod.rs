//! `[sweep]`: one recipe, many trials.
//!
//! ```toml
//! [sweep]
//! seeds = [1, 2]                              # each trial with each seed
//!
//! [sweep.variants.sigmoid]                    # laid over the recipe like a recipe that extends it
//! window = { use = "sigmoid" }
//!
//! [sweep.grid]                                # every combination
//! "train.optimizer.kind" = ["adam", "adamw"]
//!
//! [sweep.random]                              # so many draws
//! trials = 8
//! "train.optimizer.weight_decay" = { low = 1e-6, high = 1e-2, scale = "log" }
//! "network.dropout" = [0.0, 0.125, 0.5]
//! ```
//!
//! What is given multiplies: 2 variants × 2 kinds × 8 draws × 2 seeds are 64 trials.

mod random;
mod seeds;

use self::random::random;
use self::seeds::{seeds, seeds_vary, set_training_seed};
use super::layers;
use super::problem::{Code, Problem, Problems};
use super::source::Place;
use super::suggest;
use super::value::{Entry, Node, Table, Value};

/// More trials than anybody wants by purpose.
const MAX_TRIALS: usize = 10_000;

/// One point of a sweep.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its name: what sets it apart from the others.
    pub name: String,
    /// The recipe it runs.
    pub table: Table,
}

impl Trial {
    /// The name as a file name.
    pub fn directory(&self) -> String {
        directory_name(&self.name)
    }
}

/// A trial's name as a file name: letters, digits and `=.+-_`, the rest as `-`.
pub fn directory_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "=.+-_".contains(c);
    let mut text = String::new();
    for c in name.chars() {
        match c {
            c if plain(c) => text.push(c),
            _ if !text.ends_with('-') => text.push('-'),
            _ => {}
        }
    }
    text.trim_matches(['-', '.']).to_owned()
}

/// What a trial changes.
#[derive(Clone, Debug)]
enum Change {
    /// A layer over the recipe.
    Layer(Table),
    /// One value.
    Set(Vec<(String, Place)>, Node),
    /// The seed of every stage that trains.
    TrainingSeed(Place, Node),
}

/// One choice along one direction of a sweep: a name and its changes.
#[derive(Clone, Debug)]
struct Point {
    name: String,
    changes: Vec<Change>,
}

/// Takes `[sweep]` out of a recipe and makes its trials; none if it has no such table. What is wrong is
/// added to `problems`.
///
/// `trains` says of the name of a stage whether it trains, and by a seed.
pub fn expand(
    table: &mut Table,
    trains: &dyn Fn(&str) -> bool,
    problems: &mut Problems,
) -> Option<Vec<Trial>> {
    let entry = table.remove("sweep")?;
    let Value::Table(sweep) = entry.node.value else {
        problems.list.push(Problem::at(
            Code::WrongType,
            &entry.node.place,
            format!("`sweep` is {} where a table is wanted", entry.node.kind()),
        ));
        return Some(Vec::new());
    };
    let mut directions: Vec<Vec<Point>> = Vec::new();
    for entry in &sweep.entries {
        match entry.key.as_str() {
            "variants" => directions.push(variants(entry, &mut problems.list)),
            "grid" => directions.extend(grid(entry, &mut problems.list)),
            "random" => directions.push(random(entry, &mut problems.list)),
            "seeds" => directions.push(seeds(
                entry,
                seeds_vary(&sweep, &mut problems.list),
                &mut problems.list,
            )),
            "seeds_vary" => {}
            other => {
                let mut problem = Problem::at(
                    Code::UnknownKey,
                    &entry.key_place,
                    format!("unknown key `{other}` in `sweep`"),
                );
                let known = ["variants", "grid", "random", "seeds", "seeds_vary"];
                problem.help = suggest::help(other, known);
                problems.list.push(problem);
            }
        }
    }
    // Seeds vary fastest, wherever they stand: trials that belong together stay together.
    directions.sort_by_key(|points| points.iter().any(|point| point.name.starts_with("seed ")));
    if directions.is_empty() {
        problems.list.push(
            Problem::at(Code::Sweep, &entry.key_place, "this sweep varies nothing")
                .help("add [sweep.variants.NAME], [sweep.grid], [sweep.random] or a line `seeds = [1, 2]`"),
        );
        return Some(Vec::new());
    }
    let count = directions
        .iter()
        .try_fold(1_usize, |count, points| count.checked_mul(points.len()));
    if count.is_none_or(|count| count > MAX_TRIALS) {
        problems.list.push(
            Problem::at(
                Code::Sweep,
                &entry.key_place,
                format!("this sweep has more than {MAX_TRIALS} trials"),
            )
            .help("all that varies multiplies; [sweep.random] with `trials` draws a few instead"),
        );
        return Some(Vec::new());
    }
    let mut trials = vec![Trial {
        name: String::new(),
        table: table.clone(),
    }];
    for points in directions {
        let mut more = Vec::with_capacity(trials.len() * points.len());
        for trial in &trials {
            for point in &points {
                more.push(trial.at(point, trains, problems));
            }
        }
        trials = more;
    }
    refuse_equal_names(&trials, &entry.key_place, problems);
    Some(trials)
}

impl Trial {
    fn at(&self, point: &Point, trains: &dyn Fn(&str) -> bool, problems: &mut Problems) -> Self {
        let mut table = self.table.clone();
        for change in &point.changes {
            match change {
                Change::Layer(layer) => layers::merge_recipe(&mut table, layer.clone()),
                Change::Set(path, node) => {
                    let before = problems.list.len();
                    layers::apply_set(&mut table, path, node.clone(), problems);
                    // The same mistake stands behind every trial of this value.
                    drop_repeated(problems, before);
                }
                Change::TrainingSeed(place, node) => {
                    let before = problems.list.len();
                    set_training_seed(&mut table, trains, place, node, problems);
                    drop_repeated(problems, before);
                }
            }
        }
        let name = match self.name.as_str() {
            "" => point.name.clone(),
            name => format!("{name}, {}", point.name),
        };
        Self { name, table }
    }
}

fn drop_repeated(problems: &mut Problems, from: usize) {
    let new = problems.list.split_off(from);
    for problem in new {
        let known = |other: &Problem| other.place == problem.place && other.message == problem.message;
        if !problems.list.iter().any(known) {
            problems.list.push(problem);
        }
    }
}

fn refuse_equal_names(trials: &[Trial], place: &Place, problems: &mut Problems) {
    let mut seen = std::collections::BTreeSet::new();
    if let Some(trial) = trials.iter().find(|trial| !seen.insert(trial.directory())) {
        problems.list.push(
            Problem::at(
                Code::Sweep,
                place,
                format!("two trials are called `{}`", trial.name),
            )
            .help("a value stands twice, or two variants differ only in signs that file names do not have"),
        );
    }
}

fn wrong_type(node: &Node, key: &str, wanted: &str) -> Problem {
    Problem::at(
        Code::WrongType,
        &node.place,
        format!("`{key}` is {} where {wanted} is wanted", node.kind()),
    )
}

fn variants(entry: &Entry, problems: &mut Vec<Problem>) -> Vec<Point> {
    let Some(table) = entry.node.as_table() else {
        problems.push(
            wrong_type(&entry.node, "sweep.variants", "a table of variants")
                .help("for example: [sweep.variants.sigmoid] and the line window = { use = \"sigmoid\" }"),
        );
        return Vec::new();
    };
    let mut points = Vec::new();
    for variant in &table.entries {
        let Some(layer) = variant.node.as_table() else {
            problems.push(wrong_type(
                &variant.node,
                &format!("sweep.variants.{}", variant.key),
                "a table of stages",
            ));
            continue;
        };
        for key in ["sweep", "extends", "ichflow"] {
            if let Some(entry) = layer.entry(key) {
                problems.push(Problem::at(
                    Code::Sweep,
                    &entry.key_place,
                    format!("`{key}` cannot stand in a variant"),
                ));
            }
        }
        points.push(Point {
            name: variant.key.clone(),
            changes: vec![Change::Layer(layer.clone())],
        });
    }
    points
}

/// Dotted keys below a table, with what they lead to: quoted keys with dots and nested tables mean the
/// same. `is_value` says which tables are values.
fn dotted<'a>(
    table: &'a Table,
    above: &[(String, Place)],
    is_value: &dyn Fn(&Table) -> bool,
) -> Vec<(Vec<(String, Place)>, &'a Node)> {
    let mut found = Vec::new();
    for entry in &table.entries {
        let mut path = above.to_vec();
        let steps = entry.key.split('.');
        path.extend(steps.map(|step| (step.trim().to_owned(), entry.key_place.clone())));
        match &entry.node.value {
            Value::Table(inner) if !is_value(inner) => found.extend(dotted(inner, &path, is_value)),
            _ => found.push((path, &entry.node)),
        }
    }
    found
}

fn joined(path: &[(String, Place)]) -> String {
    let steps: Vec<&str> = path.iter().map(|(step, _)| step.as_str()).collect();
    steps.join(".")
}

fn grid(entry: &Entry, problems: &mut Vec<Problem>) -> Vec<Vec<Point>> {
    let Some(table) = entry.node.as_table() else {
        problems.push(
            wrong_type(&entry.node, "sweep.grid", "a table of lists")
                .help("for example: [sweep.grid] and the line \"train.batch\" = [16, 32]"),
        );
        return Vec::new();
    };
    let mut directions = Vec::new();
    for (path, node) in dotted(table, &[], &|_| false) {
        let key = joined(&path);
        match &node.value {
            Value::Array(items) if !items.is_empty() => {
                directions.push(items.iter().map(|item| set(&path, item.clone())).collect());
            }
            _ => problems.push(
                wrong_type(node, &format!("sweep.grid.{key}"), "a list of values")
                    .help(format!("for example: \"{key}\" = [1, 2]")),
            ),
        }
    }
    directions
}

fn set(path: &[(String, Place)], value: Node) -> Point {
    Point {
        name: format!("{}={}", joined(path), shown(&value)),
        changes: vec![Change::Set(path.to_vec(), value)],
    }
}

/// A value as it stands in a trial's name.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::String(text) => text.clone(),
        _ => node.to_toml().to_string(),
    }
}

#[cfg(test)]
mod tests;
