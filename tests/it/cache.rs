//! What an edit makes run again, and why: the forecast of `ichflow plan`, held against real runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::{TINY, ichflow, stderr, stdout};
use serde_json::Value;
use tempfile::TempDir;

/// The tiny recipe with its split in a file, so that there is a file to touch and to change.
fn recipe() -> String {
    TINY.replace(
        "use = \"multilabel-stratified\"\nvalid = 0.25",
        "use = \"predefined\"\nfile = \"folds.csv\"",
    )
}

/// A directory with the recipe, its split, and one run behind it.
fn after_a_run() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    // The first run makes the split by itself; its folds are then the file.
    fs::write(directory.path().join("first.toml"), TINY).unwrap();
    run(directory.path(), "first.toml");
    fs::copy(
        directory.path().join("runs/first/latest/folds.csv"),
        directory.path().join("folds.csv"),
    )
    .unwrap();
    fs::write(directory.path().join("tiny.toml"), recipe()).unwrap();
    run(directory.path(), "tiny.toml");
    directory
}

fn run(directory: &Path, recipe: &str) -> String {
    let output = ichflow(directory, &["run", recipe, "--device", "cpu"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stderr(&output)
}

fn plan(directory: &Path, sets: &[&str]) -> Value {
    let mut arguments = vec!["plan", "tiny.toml", "--json"];
    for set in sets {
        arguments.extend(["--set", set]);
    }
    let output = ichflow(directory, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// The stages that would run, and why the first of them would.
fn would_run(plan: &Value) -> (BTreeSet<String>, String) {
    let stages = plan["stages"].as_array().unwrap();
    let running: Vec<&Value> = stages.iter().filter(|stage| stage["fate"] == "runs").collect();
    let why = running.first().map_or(String::new(), |stage| {
        format!(
            "{}: {}",
            stage["name"].as_str().unwrap(),
            stage["why"][0].as_str().unwrap()
        )
    });
    let names = running
        .iter()
        .map(|stage| stage["name"].as_str().unwrap().to_owned());
    (names.collect(), why)
}

fn set(names: &str) -> BTreeSet<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

/// What follows from other predictions, from another training, from other data.
const AFTER_PREDICT: &str = "score submission bundle report";
const AFTER_TRAIN: &str = "predict score submission bundle report";

#[test]
fn an_edit_reruns_what_it_changes_and_nothing_else() {
    let directory = after_a_run();
    let home = directory.path();
    let after_train = |names: &str| set(&format!("{names} train {AFTER_TRAIN}"));
    let after_data = |names: &str| after_train(&format!("{names} store split"));

    // Nothing changed, or nothing that matters.
    let text = recipe();
    let loss = "[loss]\nuse = \"weighted-log-loss\"\n\n";
    let reordered = text
        .replace(loss, "")
        .replace("[window]", &format!("{loss}[window]"));
    for (what, text) in [
        ("nothing", text.clone()),
        (
            "a comment",
            text.replace("[store]", "# a comment\n[store]  # and another"),
        ),
        ("white space", text.replace(" = ", "=").replace("\n\n", "\n\n\n")),
        ("the title", text.replace("title = \"Tiny\"", "title = \"Small\"")),
        ("another order", reordered),
    ] {
        fs::write(home.join("tiny.toml"), &text).unwrap();
        let (running, why) = would_run(&plan(home, &[]));
        assert_eq!(running, BTreeSet::new(), "{what}: {why}");
    }
    fs::write(home.join("tiny.toml"), &text).unwrap();

    // One parameter of each stage.
    let edits: [(&str, BTreeSet<String>, &str); 12] = [
        (
            "load.patients=9",
            after_data("load"),
            "load: patients: 8 → 9, from --set",
        ),
        ("store.max_quarantined=5", set(""), ""),
        (
            "store.size=32",
            after_data(""),
            "store: size: not set → 32, from --set",
        ),
        (
            "window.use=metadata",
            after_train("window network"),
            "window: use: \"bsb\" → \"metadata\", from --set",
        ),
        (
            "augment.max_crop=5",
            after_train("augment"),
            "augment: max_crop: 4 → 5, from --set",
        ),
        (
            "split.leak=warn",
            after_train("split"),
            "split: leak: \"error\" → \"warn\", from --set",
        ),
        (
            "network.dropout=0.5",
            after_train("network"),
            "network: dropout: ",
        ),
        (
            "loss.weights=[3, 1, 1, 1, 1, 1]",
            after_train("loss"),
            "loss: weights",
        ),
        (
            "train.batch=6",
            after_train(""),
            "train: batch: 8 → 6, from --set",
        ),
        (
            "train.phases.0.lr=2e-3",
            after_train(""),
            "train: phases.0.lr: 0.001 → 0.002, from --set",
        ),
        (
            "predict.batch=3",
            set(&format!("predict {AFTER_PREDICT}")),
            "predict: batch: 32 → 3, from --set",
        ),
        ("seed=8", after_data("load"), "load: seed: 7 → 8"),
    ];
    for (edit, expected, reason) in edits {
        let (running, why) = would_run(&plan(home, &[edit]));
        assert_eq!(running, expected, "{edit}: {why}");
        assert!(why.starts_with(reason), "{edit}: {why}");
    }

    // A file touched is the same; a file changed is not.
    let folds = fs::read_to_string(home.join("folds.csv")).unwrap();
    fs::write(home.join("folds.csv"), &folds).unwrap();
    assert_eq!(would_run(&plan(home, &[])).0, BTreeSet::new());
    let swapped = folds
        .replace(",valid", ",x")
        .replace(",train", ",valid")
        .replace(",x", ",train");
    fs::write(home.join("folds.csv"), swapped).unwrap();
    let (running, why) = would_run(&plan(home, &[]));
    assert_eq!(running, after_train("split"));
    assert!(
        why.contains("the content of the file") && why.contains("folds.csv"),
        "{why}"
    );
    fs::write(home.join("folds.csv"), &folds).unwrap();

    // What an older version of a stage made is not taken for what this one makes.
    let latest = fs::canonicalize(home.join("runs/tiny/latest")).unwrap();
    let provenance = latest.join("provenance.json");
    let mut record: Value = serde_json::from_str(&fs::read_to_string(&provenance).unwrap()).unwrap();
    for stage in record["stages"].as_array_mut().unwrap() {
        if stage["name"] == "train" {
            let made = format!("runs/cache/made/{}.json", stage["made_of"].as_str().unwrap());
            fs::remove_file(home.join(made)).unwrap();
            stage["version"] = 0.into();
        }
    }
    fs::write(&provenance, record.to_string()).unwrap();
    let (running, why) = would_run(&plan(home, &[]));
    assert!(running.contains("train"));
    assert!(
        why.starts_with("train: `fit` itself changed: version 0 → "),
        "{why}"
    );
}

#[test]
fn a_run_does_what_was_forecast() {
    let directory = after_a_run();
    let home = directory.path();
    let cached = |said: &str| -> BTreeSet<String> {
        let lines = said.lines().filter(|line| line.ends_with("cached"));
        lines
            .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .collect()
    };
    let again = run(home, "tiny.toml");
    assert_eq!(cached(&again), set("load store train predict"), "{again}");

    let text = recipe().replace("batch = 8", "batch = 6");
    fs::write(home.join("tiny.toml"), text).unwrap();
    let changed = run(home, "tiny.toml");
    assert_eq!(cached(&changed), set("load store"), "{changed}");

    // What follows the predictions changes, and they do not.
    let text = recipe().replace("use = \"evaluate\"", "use = \"evaluate\"\nbootstrap = 50");
    fs::write(home.join("tiny.toml"), text).unwrap();
    let (running, _) = would_run(&plan(home, &[]));
    assert_eq!(running, set("score bundle report"));
    let scored = run(home, "tiny.toml");
    assert_eq!(cached(&scored), set("load store train predict"), "{scored}");
}

#[test]
fn explain_leads_to_the_change_behind_it() {
    let directory = after_a_run();
    let output = ichflow(
        directory.path(),
        &["explain", "tiny.toml", "score", "--set", "window.use=metadata"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn gc_removes_what_nobody_used() {
    let directory = after_a_run();
    let home = directory.path();
    let gc = |days: &str| {
        let output = ichflow(home, &["gc", "--older-than", days]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    assert!(gc("1").starts_with("freed 0 B"));
    assert_eq!(would_run(&plan(home, &[])).0, BTreeSet::new());
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(gc("0").contains("freed"));
    let (running, why) = would_run(&plan(home, &[]));
    assert!(
        running.contains("load") && running.contains("train"),
        "{running:?}"
    );
    assert_eq!(why, "load: what it kept was removed");
    run(home, "tiny.toml");
}

#[test]
fn two_runs_at_once_do_not_spoil_each_other() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), TINY).unwrap();
    let start = || {
        crate::common::program(directory.path())
            .args(["run", "tiny.toml", "--device", "cpu"])
            .stderr(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let children = [start(), start()];
    let outputs = children.map(|child| child.wait_with_output().unwrap());
    for output in &outputs {
        assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    }
    let mut metrics: Vec<String> = Vec::new();
    for entry in fs::read_dir(directory.path().join("runs/tiny"))
        .unwrap()
        .flatten()
    {
        if !entry.path().is_symlink() {
            metrics.push(fs::read_to_string(entry.path().join("metrics.json")).unwrap());
        }
    }
    assert_eq!(metrics.len(), 2);
    assert_eq!(metrics[0], metrics[1]);
}

#[test]
fn what_was_found_ready_is_said_to_have_taken_as_long_as_it_took() {
    let directory = after_a_run();
    let train = |run: &str| {
        let path = directory
            .path()
            .join("runs")
            .join(run)
            .join("latest/provenance.json");
        let record: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let stages = record["stages"].as_array().unwrap();
        stages
            .iter()
            .find(|stage| stage["name"] == "train")
            .unwrap()
            .clone()
    };
    // The second recipe has the same validation slices, and so finds the first one's network.
    let (made, found) = (train("first"), train("tiny"));
    assert!(made["cached"] == false && found["cached"] == true);
    assert_eq!(found["made_in"], made["seconds"]);
    assert!(found["seconds"].as_f64() < made["seconds"].as_f64());
}
