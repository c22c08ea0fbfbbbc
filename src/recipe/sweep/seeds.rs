//! `seeds` and `seeds_vary`: the same recipe with several seeds.

use super::{Change, Point, shown, wrong_type};
use crate::recipe::layers;
use crate::recipe::problem::{Code, Problem, Problems};
use crate::recipe::source::Place;
use crate::recipe::value::{Entry, Node, Table, Value};

/// What seeds vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeedsVary {
    /// Training: weights, order, augmentation.
    Training,
    /// Whatever is drawn, cohort and folds included.
    All,
}

pub(super) fn seeds_vary(sweep: &Table, problems: &mut Vec<Problem>) -> SeedsVary {
    match (sweep.get("seeds_vary"), sweep.string("seeds_vary")) {
        (None, _) | (_, Some("training")) => SeedsVary::Training,
        (_, Some("all")) => SeedsVary::All,
        (Some(node), _) => {
            problems.push(
                Problem::at(
                    Code::NotAChoice,
                    &node.place,
                    "`sweep.seeds_vary` is neither \"training\" nor \"all\"",
                )
                .help(
                    "\"training\" keeps the recipe's cohort and folds, so that runs can be compared; \"all\" draws them \
                     anew for each seed",
                ),
            );
            SeedsVary::Training
        }
    }
}

pub(super) fn seeds(entry: &Entry, vary: SeedsVary, problems: &mut Vec<Problem>) -> Vec<Point> {
    let Value::Array(items) = &entry.node.value else {
        problems.push(wrong_type(&entry.node, "sweep.seeds", "a list of whole numbers"));
        return Vec::new();
    };
    let path = vec![("seed".to_owned(), entry.key_place.clone())];
    let point = |item: &Node| Point {
        name: format!("seed {}", shown(item)),
        changes: vec![match vary {
            SeedsVary::Training => Change::TrainingSeed(entry.key_place.clone(), item.clone()),
            SeedsVary::All => Change::Set(path.clone(), item.clone()),
        }],
    };
    items.iter().map(point).collect()
}

/// Gives every stage that trains a seed of its own. All else keeps the recipe's: cohort, folds and draws stay the same, so
/// that runs differ in training alone and can be compared slice by slice.
pub(super) fn set_training_seed(
    table: &mut Table,
    trains: &dyn Fn(&str) -> bool,
    place: &Place,
    seed: &Node,
    problems: &mut Problems,
) {
    let is_trained = |entry: &&Entry| {
        let stage = entry.node.as_table();
        stage.and_then(|stage| stage.string("use")).is_some_and(trains)
    };
    let stages: Vec<String> = table
        .entries
        .iter()
        .filter(is_trained)
        .map(|entry| entry.key.clone())
        .collect();
    if stages.is_empty() {
        problems.list.push(
            Problem::at(
                Code::Sweep,
                place,
                "no stage of this recipe trains, so its seeds would vary nothing",
            )
            .help("to vary whatever is drawn, write `seeds_vary = \"all\"` beside `seeds`"),
        );
    }
    for stage in stages {
        let path = [(stage, place.clone()), ("seed".to_owned(), place.clone())];
        layers::apply_set(table, &path, seed.clone(), problems);
    }
}
