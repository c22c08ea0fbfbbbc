//! Labels of one's own, and whole exams, from a recipe to a bundle's predictions.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{TINY, ichflow, stderr};
use tempfile::TempDir;

const SECTIONS: &str = "[load]\nuse = \"phantom\"";

fn recipe(labels: &str, more: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let text = TINY.replace(SECTIONS, &format!("{labels}\n{SECTIONS}"));
    fs::write(directory.path().join("tiny.toml"), text + more).unwrap();
    directory
}

fn run(directory: &Path) -> PathBuf {
    let output = ichflow(directory, &["run", "tiny.toml", "--device", "cpu"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    directory.join("runs/tiny/latest")
}

fn metrics(path: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn head(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_recipe_of_two_labels_is_about_these_two_from_end_to_end() {
    let more = r#"
[calibrate]
use = "calibrate"

[thresholds]
use = "thresholds"

[explain]
use = "grad-cam"
labels = ["subdural"]

[rescore]
use = "evaluate"
"#;
    let directory = recipe("[labels]\nnames = [\"subdural\", \"any\"]\n", more);
    let latest = run(directory.path());
    assert_eq!(head(&latest.join("predictions/valid.csv")), "id,subdural,any");
    let measured = metrics(&latest.join("metrics.json"));
    assert_eq!(
        measured["label_set"]["names"],
        serde_json::json!(["subdural", "any"])
    );
    assert_eq!(measured["label_set"]["union"], "any");
    // What the challenge weighs twice counts twice here too.
    assert_eq!(measured["label_set"]["weights"], serde_json::json!([1.0, 2.0]));
    assert_eq!(measured["valid"]["labels"].as_array().unwrap().len(), 2);
    let submission = fs::read_to_string(latest.join("submission.csv")).unwrap();
    assert_eq!(submission.lines().count(), 1 + 2 * 2 * 6);
    assert!(submission.contains("_subdural,") && !submission.contains("_epidural,"));
    let resolved = fs::read_to_string(latest.join("recipe.resolved.toml")).unwrap();
    assert!(resolved.contains("[labels]"), "{resolved}");
    let html = fs::read_to_string(latest.join("report.html")).unwrap();
    assert!(html.contains("subdural") && !html.contains("intraventricular"));

    // The score of the files is that of the run.
    let score = ichflow(
        &latest,
        &[
            "score",
            "predictions/valid.csv",
            "cohort.csv",
            "--labels",
            "subdural,any",
            "--partial",
            "--json",
        ],
    );
    assert_eq!(score.status.code(), Some(0), "{}", stderr(&score));

    // A bundle predicts what it was trained for, and says so.
    let image = find(directory.path(), "dcm").unwrap();
    let predicted = ichflow(
        directory.path(),
        &["predict", "runs/tiny/latest/model", image.to_str().unwrap()],
    );
    assert_eq!(predicted.status.code(), Some(0), "{}", stderr(&predicted));
    let table = String::from_utf8(predicted.stdout).unwrap();
    assert!(table.starts_with("id,file,subdural,any,status,"), "{table}");
}

/// Some file of that extension, however deep.
fn find(directory: &Path, extension: &str) -> Option<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    // A training file of a phantom is cut short.
    let is = |path: &&PathBuf| {
        path.extension().is_some_and(|found| found == extension)
            && path.to_string_lossy().contains("stage_2_test")
    };
    let here = entries.iter().find(is).cloned();
    here.or_else(|| {
        entries
            .iter()
            .filter(|path| path.is_dir())
            .find_map(|path| find(path, extension))
    })
}

#[test]
fn labels_that_do_not_fit_are_said_before_anything_runs() {
    let said = |labels: &str, more: &str| {
        let directory = recipe(labels, more);
        let output = ichflow(directory.path(), &["check", "tiny.toml"]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        stderr(&output)
    };
    let unknown = said("[labels]\nnames = [\"fracture\"]\n", "");
    assert!(unknown.contains("have no label `fracture`"), "{unknown}");
    let twice = said("[labels]\nnames = [\"any\", \"any\"]\n", "");
    assert!(twice.contains("the label `any` is there twice"), "{twice}");
    let none = said("[labels]\nweights = [1]\n", "");
    assert!(none.contains("`labels` has no `names`"), "{none}");
    let typo = said("[labels]\nnames = [\"any\"]\nwieghts = [1]\n", "");
    assert!(typo.contains("did you mean `weights`"), "{typo}");
    let numbers = said("[labels]\nnames = [1, 2]\n", "");
    assert!(numbers.contains("labels.names[0]"), "{numbers}");
    let weights = said(
        "[labels]\nnames = [\"any\"]\n",
        "[other]\nuse = \"weighted-log-loss\"\nweights = [1, 2]\n",
    );
    assert!(
        weights.contains("`weights` has 2 numbers for 1 labels"),
        "{weights}"
    );
    let union = said(
        "[labels]\nnames = [\"subdural\"]\n",
        "[consistent]\nuse = \"consistent-any\"\n",
    );
    assert!(union.contains("none of the labels is the union"), "{union}");
}

#[test]
fn exams_are_judged_beside_slices() {
    let more = r#"
[exams]
use = "aggregate"
method = "mean-top"

[exam_score]
use = "evaluate"
valid = "exams.exams"
test = "exams.test_exams"
"#;
    let directory = recipe("", more);
    let latest = run(directory.path());
    let slices = metrics(&latest.join("metrics.json"));
    let exams = metrics(&latest.join("exam_score/metrics.json"));
    assert_eq!(exams["unit"], "study");
    assert_eq!(slices["unit"], serde_json::Value::Null);
    assert!(slices["valid"]["slices"].as_u64() > Some(10));
    assert_eq!(exams["valid"]["slices"], 2);
    assert_eq!(
        head(&latest.join("predictions/exams.csv")),
        head(&latest.join("predictions/valid.csv"))
    );
    // A submission is of slices: of exams it is refused, with the way out.
    let wrong = recipe(
        "",
        "[exams]\nuse = \"aggregate\"\n[smoothed]\nuse = \"smooth-z\"\nvalid = \"exams.exams\"\ntest = \"exams.test_exams\"\n",
    );
    let output = ichflow(wrong.path(), &["run", "tiny.toml", "--device", "cpu"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("needs predictions of slices, and these are of studies"),
        "{}",
        stderr(&output)
    );
}
