//! What trials come of a `[sweep]`.

use super::*;
use crate::recipe::value::from_parsed;
use toml::de::DeTable;

fn expanded(text: &str) -> (Vec<Trial>, Vec<String>) {
    let (parsed, errors) = DeTable::parse_recoverable(text);
    assert!(errors.is_empty(), "{errors:?}");
    let mut table = from_parsed(&parsed, 0, &mut Vec::new());
    let mut problems = Problems::default();
    let trials = expand(&mut table, &|name| name == "fit", &mut problems).unwrap();
    (trials, problems.list.into_iter().map(|p| p.message).collect())
}

fn trials(text: &str) -> Vec<Trial> {
    let (trials, problems) = expanded(text);
    assert!(problems.is_empty(), "{problems:?}");
    trials
}

const BASE: &str = "seed = 0\n[window]\nuse = \"bsb\"\n[train]\nuse = \"fit\"\nbatch = 8\nlr = 0.1\n";

fn with(sweep: &str) -> String {
    format!("{BASE}{sweep}")
}

fn value(trial: &Trial, stage: &str, key: &str) -> toml::Value {
    trial.table.get(stage).unwrap().as_table().unwrap().to_toml()[key].clone()
}

#[test]
fn everything_multiplies_and_seeds_vary_fastest() {
    let trials = trials(&with(
        "[sweep]\nseeds = [1, 2]\n[sweep.grid]\n\"train.batch\" = [16, 32]\n\
         [sweep.variants]\na = { window = { use = \"sigmoid\" } }\nb = {}\n",
    ));
    let names: Vec<&str> = trials.iter().map(|trial| trial.name.as_str()).collect();
    assert_eq!(names.len(), 8);
    assert_eq!(names[0], "train.batch=16, a, seed 1");
    assert_eq!(names[1], "train.batch=16, a, seed 2");
    assert_eq!(value(&trials[0], "window", "use").as_str(), Some("sigmoid"));
    assert_eq!(value(&trials[7], "window", "use").as_str(), Some("bsb"));
    assert_eq!(value(&trials[7], "train", "batch").as_integer(), Some(32));
    assert_eq!(value(&trials[7], "train", "seed").as_integer(), Some(2));
}

#[test]
fn seeds_vary_training_alone_unless_all_is_asked_for() {
    let seed = |trial: &Trial| trial.table.get("seed").unwrap().to_toml().as_integer();
    let training = trials(&with("[sweep]\nseeds = [1, 2]\n"));
    assert_eq!(seed(&training[1]), Some(0));
    assert_eq!(value(&training[1], "train", "seed").as_integer(), Some(2));
    let all = trials(&with("[sweep]\nseeds = [1, 2]\nseeds_vary = \"all\"\n"));
    assert_eq!(seed(&all[1]), Some(2));
    assert!(
        all[1]
            .table
            .get("train")
            .unwrap()
            .as_table()
            .unwrap()
            .get("seed")
            .is_none()
    );
    let (_, problems) = expanded("[window]\nuse = \"bsb\"\n[sweep]\nseeds = [1]\n");
    assert!(
        problems[0].contains("no stage of this recipe trains"),
        "{problems:?}"
    );
    let (_, problems) = expanded(&with("[sweep]\nseeds = [1]\nseeds_vary = \"both\"\n"));
    assert!(problems[0].contains("`sweep.seeds_vary`"), "{problems:?}");
}

#[test]
fn nested_tables_and_quoted_keys_mean_the_same() {
    let one = trials(&with("[sweep.grid]\n\"train.batch\" = [1, 2]\n"));
    let other = trials(&with("[sweep.grid]\ntrain.batch = [1, 2]\n"));
    assert_eq!(one[1].name, other[1].name);
    assert_eq!(value(&other[1], "train", "batch").as_integer(), Some(2));
}

#[test]
fn draws_are_seeded_and_stay_in_their_ranges() {
    let text = with(
        "[sweep.random]\ntrials = 200\nseed = 3\n\
         \"train.lr\" = { low = 1e-4, high = 1e-2, scale = \"log\" }\n\
         \"train.batch\" = { low = 4, high = 6 }\n",
    );
    let (one, other) = (trials(&text), trials(&text));
    let lr = |trials: &[Trial]| -> Vec<f64> {
        trials
            .iter()
            .map(|t| value(t, "train", "lr").as_float().unwrap())
            .collect()
    };
    assert_eq!(lr(&one), lr(&other));
    assert!(lr(&one).iter().all(|lr| (1e-4..1e-2).contains(lr)));
    // Half of a logarithmic range over two decades lies below its geometric middle.
    let low = lr(&one).iter().filter(|lr| **lr < 1e-3).count();
    assert!((80..120).contains(&low), "{low}");
    let batches: std::collections::BTreeSet<i64> = one
        .iter()
        .map(|t| value(t, "train", "batch").as_integer().unwrap())
        .collect();
    assert_eq!(batches.into_iter().collect::<Vec<_>>(), [4, 5, 6]);
}

#[test]
fn mistakes_are_told_once() {
    let said = |sweep: &str| expanded(&with(sweep)).1;
    assert_eq!(said("[sweep]\n"), ["this sweep varies nothing"]);
    assert_eq!(
        said("[sweep.grid]\n\"tarin.batch\" = [1, 2]\n\"train.lr\" = [1, 2]\n"),
        ["the recipe has no stage `tarin`"]
    );
    assert_eq!(
        said("[sweep.grid]\n\"train.batch\" = [1, 1]\n"),
        ["two trials are called `train.batch=1`"]
    );
    assert_eq!(
        said("[sweep.random]\ntrials = 2\n\"train.lr\" = { low = 2, high = 1 }\n"),
        ["`sweep.random.train.lr` goes from 2 to 1"]
    );
}

#[test]
fn names_become_file_names() {
    assert_eq!(directory_name("window.use=bsb, seed 1"), "window.use=bsb-seed-1");
    assert_eq!(directory_name("../x"), "x");
}
