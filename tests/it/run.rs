//! Whole runs of a tiny phantom.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::{TINY, ichflow, stderr, stdout};
use tempfile::TempDir;

fn tiny() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), TINY).unwrap();
    directory
}

fn run(directory: &Path, arguments: &[&str]) -> String {
    let output = ichflow(
        directory,
        &[&["run", "tiny.toml", "--device", "cpu"], arguments].concat(),
    );
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}\n{}",
        stdout(&output),
        stderr(&output)
    );
    format!("{}\n{}", stderr(&output), stdout(&output))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn column(csv: &str, index: usize) -> Vec<String> {
    csv.lines()
        .skip(1)
        .map(|line| line.split(',').nth(index).unwrap().to_owned())
        .collect()
}

#[test]
fn a_run_leaves_everything_behind() {
    let directory = tiny();
    let said = run(directory.path(), &[]);
    for expected in [
        "weighted log loss",
        "prevalence baseline",
        "quarantined",
        "time",
        "report.html",
    ] {
        assert!(said.contains(expected), "{expected} is not in\n{said}");
    }
    let latest = directory.path().join("runs/tiny/latest");
    for file in [
        "recipe.resolved.toml",
        "provenance.json",
        "events.jsonl",
        "cohort.csv",
        "quarantine.csv",
        "folds.csv",
        "history.csv",
        "predictions/valid.csv",
        "predictions/test.csv",
        "metrics.json",
        "submission.csv",
        "model/weights.safetensors",
        "model/recipe.toml",
        "model/bundle.json",
        "report.html",
        "layers/0-tiny.toml",
        "checkpoints/best.bpk",
    ] {
        assert!(latest.join(file).is_file(), "{file} is missing");
    }
    let predictions = read(latest.join("predictions/valid.csv"));
    assert!(
        predictions.starts_with("id,any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural\n")
    );

    // What a plugin measures beside is in the metrics and on the page.
    assert!(read(latest.join("metrics.json")).contains("\"matthews\""));
    let page = read(latest.join("report.html"));
    assert!(page.contains("further metrics of every label") && page.contains("Matthews"));

    // Validation patients are not trained on.
    let cohort = read(latest.join("cohort.csv"));
    let patient: std::collections::BTreeMap<_, _> =
        column(&cohort, 0).into_iter().zip(column(&cohort, 4)).collect();
    let folds = read(latest.join("folds.csv"));
    let patients_of = |fold: &str| -> BTreeSet<&String> {
        column(&folds, 0)
            .iter()
            .zip(column(&folds, 1))
            .filter(|(_, of)| of == fold)
            .map(|(id, _)| &patient[id])
            .collect()
    };
    assert!(!patients_of("train").is_empty() && !patients_of("valid").is_empty());
    assert!(patients_of("train").is_disjoint(&patients_of("valid")));

    // One file of the phantom is cut off on purpose.
    assert_eq!(read(latest.join("quarantine.csv")).lines().count(), 2);

    // The resolved recipe is a recipe, and means the same.
    let resolved = latest.join("recipe.resolved.toml");
    let output = ichflow(
        directory.path(),
        &["check", &resolved.display().to_string(), "--json"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let key =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["stages"][10]["key"].clone();
    let original = ichflow(directory.path(), &["check", "tiny.toml", "--json"]);
    assert_eq!(key(&stdout(&output)), key(&stdout(&original)));

    let provenance: serde_json::Value = serde_json::from_str(&read(latest.join("provenance.json"))).unwrap();
    assert_eq!(provenance["outcome"], "done");
    assert_eq!(provenance["device"], "cpu");
}

#[test]
fn a_seed_repeats_and_another_seed_does_not() {
    let directory = tiny();
    let metrics = |out: &str, seed: &str| {
        run(
            directory.path(),
            &["--out", out, "--set", &format!("seed={seed}")],
        );
        read(directory.path().join(out).join("tiny/latest/metrics.json"))
    };
    let first = metrics("one", "7");
    assert_eq!(first, metrics("two", "7"), "the same seed, nothing cached");
    assert_eq!(
        first,
        metrics("two", "7"),
        "the same seed, cohort and store cached"
    );
    assert_ne!(first, metrics("one", "8"), "another seed");
}

#[test]
fn another_window_decodes_nothing_again() {
    let directory = tiny();
    let first = run(directory.path(), &[]);
    assert!(!first.contains("cached"), "{first}");
    let second = run(directory.path(), &["--set", "window.use=metadata"]);
    let cached: Vec<&str> = second.lines().filter(|line| line.contains("cached")).collect();
    assert!(
        cached.iter().any(|line| line.trim_start().starts_with("load")),
        "{second}"
    );
    assert!(
        cached.iter().any(|line| line.trim_start().starts_with("store")),
        "{second}"
    );
}

#[test]
fn the_submission_has_the_samples_rows() {
    let directory = tiny();
    run(directory.path(), &[]);
    let phantom = fs::read_dir(directory.path().join("runs/cache/phantom"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let sample =
        find(&phantom, "stage_2_sample_submission.csv").expect("the phantom has a sample submission");
    let submission = read(directory.path().join("runs/tiny/latest/submission.csv"));
    assert_eq!(column(&submission, 0), column(&read(sample), 0));
}

fn find(directory: &Path, name: &str) -> Option<std::path::PathBuf> {
    fs::read_dir(directory).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            find(&path, name)
        } else {
            path.ends_with(name).then_some(path)
        }
    })
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_cleanly_and_the_next_run_goes_through() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let directory = tiny();
    let mut child = crate::common::program(directory.path())
        .args(["run", "tiny.toml", "--set", "train.phases.0.epochs=500"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let trained = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains("epoch 1/"));
    assert!(trained, "training starts");
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    let said = rest.join("\n");
    assert!(
        said.contains("the same command goes on where this stopped; `ichflow plan tiny.toml`"),
        "{said}"
    );
    let latest = directory.path().join("runs/tiny/latest");
    let provenance: serde_json::Value = serde_json::from_str(&read(latest.join("provenance.json"))).unwrap();
    assert_eq!(provenance["outcome"], "interrupted");
    assert!(read(latest.join("history.csv")).lines().count() >= 2);
    run(directory.path(), &[]);
}

#[test]
fn a_failing_stage_says_what_and_exits_with_1() {
    let directory = tiny();
    let output = ichflow(
        directory.path(),
        &["run", "tiny.toml", "--set", "split.valid=0.0001"],
    );
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(
        text.contains("error: `split`") && text.contains("help:"),
        "{text}"
    );
}

#[test]
fn a_loss_that_explodes_says_where_and_what_to_try() {
    let directory = tiny();
    let output = ichflow(
        directory.path(),
        &[
            "run",
            "tiny.toml",
            "--device=cpu",
            "--set=train.optimizer={ kind = \"sgd\" }",
            "--set=train.lr_multipliers={ head = 1000.0 }",
            "--set=train.phases=[{ epochs = 3, lr = 10 }]",
        ],
    );
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    for expected in [
        "the training loss",
        "in epoch 1/3, phase 1, batch",
        "learning rate 1.0e1",
        "gradient norm",
        "slices are ID_",
        "`clip_norm = 1.0`",
    ] {
        assert!(said.contains(expected), "{expected} is not in\n{said}");
    }
    let events = read(directory.path().join("runs/tiny/latest/events.jsonl"));
    assert!(events.contains("\"kind\":\"exploded\""));
}
