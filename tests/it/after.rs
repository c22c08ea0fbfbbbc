//! What follows the network, in whole runs: refined predictions, folds put together, refused leaks.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::{TINY, ichflow, stderr};
use tempfile::TempDir;

fn recipe(text: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), text).unwrap();
    directory
}

fn run(directory: &Path) -> String {
    let output = ichflow(directory, &["run", "tiny.toml", "--device", "cpu"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stderr(&output)
}

fn ids(csv: &Path) -> Vec<String> {
    let text = fs::read_to_string(csv).unwrap_or_else(|error| panic!("{}: {error}", csv.display()));
    let id = |line: &str| line.split(',').next().unwrap_or_default().to_owned();
    text.lines().skip(1).map(id).collect()
}

#[test]
fn steps_after_the_network_slot_in_and_are_compared_with_the_network_alone() {
    let steps = r#"
[smooth]
use = "smooth-z"

[calibrate]
use = "calibrate"

[consistent]
use = "consistent-any"

[thresholds]
use = "thresholds"
target = "youden"

[score]
use = "evaluate"
baseline = "predict.valid"
"#;
    let text = TINY
        .replace("[score]\nuse = \"evaluate\"\n", steps.trim_start())
        .replace("[predict]", "[tta]\nuse = \"tta\"\n\n[predict]");
    let directory = recipe(&text);
    let said = run(directory.path());
    assert!(said.contains("2 views of each slice"), "{said}");
    let latest = directory.path().join("runs/tiny/latest");
    for part in ["valid.csv", "test.csv"] {
        let network = ids(&latest.join("predictions").join(part));
        for stage in ["smooth", "calibrate", "consistent"] {
            assert_eq!(ids(&latest.join(stage).join("predictions").join(part)), network);
        }
    }
    let consistent = fs::read_to_string(latest.join("consistent/predictions/valid.csv")).unwrap();
    for line in consistent.lines().skip(1) {
        let numbers: Vec<f64> = line
            .split(',')
            .skip(1)
            .map(|text| text.parse().unwrap())
            .collect();
        assert!(
            numbers[1..].iter().all(|subtype| *subtype <= numbers[0]),
            "{line}"
        );
    }
    let metrics = fs::read_to_string(latest.join("metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    assert!(metrics["versus_baseline"]["difference"].is_number());
    assert!(metrics["baseline"]["weighted_log_loss"].is_number());
    assert_eq!(metrics["split"]["folds"][1]["name"], "validation");
    assert_eq!(metrics["split"]["lines"][0]["what"], "slices");
    assert!(metrics["calibration"]["weighted_log_loss_after"].is_number());
    assert_eq!(
        metrics["thresholds_for"],
        "the highest sum of sensitivity and specificity"
    );
    let chosen = fs::read_to_string(latest.join("thresholds.json")).unwrap();
    let chosen: serde_json::Value = serde_json::from_str(&chosen).unwrap();
    assert_eq!(chosen["target"], metrics["thresholds_for"]);
    assert!(chosen["labels"][0]["threshold"].is_number());
    assert_eq!(
        ids(&latest.join("decisions/valid.csv")),
        ids(&latest.join("predictions/valid.csv"))
    );
    assert_eq!(
        ids(&latest.join("decisions/test.csv")),
        ids(&latest.join("predictions/test.csv"))
    );

    // The numbers are those of `score` on the run's own files.
    let output = ichflow(
        directory.path(),
        &[
            "score",
            "runs/tiny/latest/consistent/predictions/valid.csv",
            "runs/tiny/latest/cohort.csv",
            "--partial",
            "--json",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let score: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for key in ["slices", "patients", "weighted_log_loss", "labels"] {
        assert_eq!(score["score"][key], metrics["valid"][key], "{key}");
    }
}

#[test]
fn two_folds_predict_every_slice_once() {
    let (before, after) = TINY.split_once("[score]").unwrap();
    let before = before.replace("valid = 0.25", "fold = 0\nof = 2");
    let second = r#"
[second_split]
use = "multilabel-stratified"
fold = 1
of = 2

[second_train]
use = "fit"
batch = 8
phases = [{ epochs = 1, lr = 1e-3 }]

[second_predict]
use = "predict"

[ensemble]
use = "ensemble"
valid_2 = "predict.valid"
test_2 = "predict.test"

[score]"#;
    let directory = recipe(&format!("{before}{second}{after}"));
    run(directory.path());
    let latest = directory.path().join("runs/tiny/latest");
    let first = ids(&latest.join("predictions/valid.csv"));
    let second = ids(&latest.join("second_predict/predictions/valid.csv"));
    let all = ids(&latest.join("ensemble/predictions/valid.csv"));
    assert_eq!(all.len(), first.len() + second.len());
    let distinct: BTreeSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(ids(&latest.join("folds.csv")).len(), all.len());
    // Both folds of either split are reported, beside the ideal.
    let metrics = fs::read_to_string(latest.join("metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    assert_eq!(metrics["split"]["folds"][0]["name"], "fold 0");
    assert_eq!(metrics["split"]["folds"][1]["name"], "fold 1 (val)");
    let slices = &metrics["split"]["lines"][0];
    let counts: u64 = slices["counts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|count| count.as_u64())
        .sum();
    assert_eq!(counts, all.len() as u64);
    assert_eq!(slices["ideal"][0], all.len() as f64 / 2.0);
    let test = ids(&latest.join("ensemble/predictions/test.csv"));
    assert_eq!(test, ids(&latest.join("predictions/test.csv")));
}

#[test]
fn a_split_that_leaks_is_refused_with_the_patients_named() {
    let directory = recipe(TINY);
    let leaking = |extra: &[&str]| {
        let arguments = [
            "run",
            "tiny.toml",
            "--device",
            "cpu",
            "--set",
            "split.group_by=none",
        ];
        ichflow(directory.path(), &[&arguments, extra].concat())
    };
    let output = leaking(&[]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("patients have slices on both sides of the split: "),
        "{text}"
    );
    let cohort = fs::read_to_string(directory.path().join("runs/tiny/latest/cohort.csv")).unwrap();
    let patient = cohort.lines().nth(1).unwrap().split(',').nth(4).unwrap();
    assert!(text.contains(patient), "{patient} is not in {text}");
    assert!(text.contains("leak = \"warn\""), "{text}");

    let output = leaking(&["--set", "split.leak=warn"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("the validation score will be optimistic"), "{text}");
}
