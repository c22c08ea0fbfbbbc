//! Exams sorted with a promise, from a run to `ichflow predict` and to another cohort.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{TINY, ichflow, stderr, stdout};

/// What makes exams and sorts them; thresholds for them stand after `evaluate`, which judges slices here.
const EXAMS: &str = r#"
[calibrate]
use = "calibrate"
parts = 2

[exams]
use = "aggregate"
method = "logistic"
parts = 2

[triage]
use = "triage"
method = { kind = "conformal", positives = 0.3, negatives = 0.3 }
parts = 3

[score]
use = "evaluate"

[exam_thresholds]
use = "thresholds"
valid = "exams.exams"
test = "exams.test_exams"
target = "youden"
"#;

/// A small cohort of which half is for validation, with all that exams need.
fn recipe() -> String {
    TINY.replace(
        "patients = 8\ntest_patients = 2",
        "patients = 40\ntest_patients = 6",
    )
    .replace("slices = 6", "slices = 4")
    .replace("valid = 0.25", "valid = 0.5")
    .replace("epochs = 2", "epochs = 6")
    .replace("[score]\nuse = \"evaluate\"\n", EXAMS.trim_start())
}

fn run(directory: &Path, name: &str, text: &str) -> (PathBuf, String) {
    fs::write(directory.join(format!("{name}.toml")), text).unwrap();
    let output = ichflow(directory, &["run", &format!("{name}.toml"), "--device=cpu"]);
    assert!(output.status.success(), "{}", stderr(&output));
    (
        directory.join("runs").join(name).join("latest"),
        format!("{}{}", stderr(&output), stdout(&output)),
    )
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Rows of a table, by column.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut table = csv::Reader::from_path(path).unwrap();
    table.deserialize().map(|row| row.unwrap()).collect()
}

fn trained() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let (latest, said) = run(directory.path(), "tiny", &recipe());
    assert!(said.contains("triage any: high"), "{said}");
    (directory, latest)
}

fn find(directory: &Path, name: &str) -> Option<PathBuf> {
    let directories = fs::read_dir(directory).ok()?.map(|entry| entry.unwrap().path());
    directories.filter(|path| path.is_dir()).find_map(|path| {
        if path.ends_with(name) {
            Some(path)
        } else {
            find(&path, name)
        }
    })
}

#[test]
fn exams_are_sorted_audited_bundled_and_measured_elsewhere() {
    let (directory, latest) = trained();
    let metrics = json(&latest.join("metrics.json"));
    let triage = &metrics["triage"];
    assert_eq!(triage, &json(&latest.join("triage.json")));
    let audit = &triage["audit"];
    assert_eq!((&triage["unit"], &audit["on"]), (&"study".into(), &"test".into()));
    let of = |key: &str| audit[key].as_u64().unwrap();
    assert_eq!((of("exams"), &triage["calibration"]["exams"]), (6, &20.into()));
    assert_eq!(of("high") + of("low") + of("uncertain"), 6);
    let cuts = &triage["cuts"];
    assert!(
        cuts["high_from"].is_number() && cuts["low_to"].is_number(),
        "{triage}"
    );
    let sorted = rows(&latest.join("triage.csv"));
    assert_eq!(
        sorted.iter().filter(|row| row["part"] == "validation").count(),
        20
    );

    let report = fs::read_to_string(latest.join("report.html")).unwrap();
    let high = triage["promises"][0]["error"].as_f64().unwrap();
    assert_eq!(high, 0.3);
    assert!(
        report.contains("id=\"evidence-triage\"")
            && report.contains("at most 30 % of the negatives are called high")
    );

    // `ichflow predict` says of the test exams what the run said of them.
    let study = find(&directory.path().join("runs/cache/phantom"), "stage_2_test").unwrap();
    let model = latest.join("model");
    let arguments = [model.to_str().unwrap(), study.to_str().unwrap()];
    let tables = ["--out=slices.csv", "--exams=exams.csv", "--device=cpu"];
    let output = ichflow(
        directory.path(),
        &[&["predict"], &arguments[..], &tables].concat(),
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let predicted = rows(&directory.path().join("exams.csv"));
    let test: BTreeMap<&str, &BTreeMap<String, String>> = sorted
        .iter()
        .filter(|row| row["part"] == "test")
        .map(|row| (row["exam"].as_str(), row))
        .collect();
    assert_eq!((predicted.len(), test.len()), (6, 6));
    for row in &predicted {
        let expected = test[row["exam"].as_str()];
        assert_eq!(
            (&row["any"], &row["any_triage"]),
            (&expected["probability"], &expected["class"])
        );
        assert_eq!(
            (
                row["slices"].as_str(),
                row["excluded"].as_str(),
                row["level"].as_str()
            ),
            ("4", "0", "study")
        );
        assert!(
            row["any_positive"] == "0" || row["any_positive"] == "1",
            "{row:?}"
        );
    }
    let card = fs::read_to_string(model.join("README.md")).unwrap();
    assert!(
        card.contains("## Exams") && card.contains("Triage by any"),
        "{card}"
    );
    let output = ichflow(
        directory.path(),
        &[
            &["predict"],
            &arguments[..],
            &["--out=again.csv", "--exams=exams.json", "--json", "--device=cpu"],
        ]
        .concat(),
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let first = fs::read_to_string(directory.path().join("exams.json")).unwrap();
    let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(first["triage"]["any"], predicted[0]["any_triage"].as_str());

    elsewhere(directory.path(), &latest);
}

/// The bundle on another hospital, without a split.
fn elsewhere(directory: &Path, trained: &Path) {
    let (latest, said) = run(
        directory,
        "elsewhere",
        r#"
ichflow = 1
title = "Elsewhere"
seed = 3

[load]
use = "phantom"
patients = 26
slices = 4
size = 64
hospital = "b"

[model]
use = "bundled-model"
path = "runs/tiny/latest/model"

[predict]
use = "predict"

[steps]
use = "bundled-steps"

[score]
use = "evaluate"

[report]
use = "metrics-report"
"#,
    );
    assert!(said.contains("weighted log loss of studies, as frozen"), "{said}");
    let metrics = json(&latest.join("metrics.json"));
    let external = &metrics["external"];
    assert_eq!(external["bundle"], "Tiny");
    let steps: Vec<&str> = external["refitted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step.as_str().unwrap())
        .collect();
    for step in [
        "calibrate (`calibrate`)",
        "exams (`aggregate`)",
        "triage (`triage`)",
    ] {
        assert!(steps.contains(&step), "{steps:?}");
    }
    let levels = external["levels"].as_array().unwrap();
    assert_eq!(
        (&levels[0]["unit"], &levels[1]["unit"]),
        (&"slice".into(), &"study".into())
    );
    assert_eq!(
        levels[0]["frozen"]["weighted_log_loss"],
        metrics["valid"]["weighted_log_loss"]
    );
    assert_eq!(levels[1]["frozen"]["cases"], 26);
    let price = levels[1]["price"]["difference"].as_f64().unwrap();
    let of = |side: &str| levels[1][side]["weighted_log_loss"].as_f64().unwrap();
    assert!((of("frozen") - of("refitted") - price).abs() < 1e-12);
    let at = |side: &str| levels[1][side]["labels"][0]["at_threshold"].clone();
    let frozen = json(&trained.join("model/bundle.json"));
    assert_eq!(
        at("frozen")["threshold"],
        frozen["exams"]["thresholds"]["of_label"][0]
    );
    assert!(at("refitted")["sensitivity"].is_number(), "{levels:?}");
    let triage = &external["triage"];
    assert_eq!(triage["frozen"]["cuts"], frozen["exams"]["triage"]["cuts"]);
    assert_eq!(triage["frozen"]["audit"]["on"], "frozen");
    assert_eq!(triage["refitted"]["audit"]["on"], "cross-fitted");
    assert_ne!(triage["refitted"]["cuts"], triage["frozen"]["cuts"]);

    let report = fs::read_to_string(latest.join("report.html")).unwrap();
    assert!(
        report.contains("id=\"evidence-external\"") && report.contains("Price of not refitting, studies")
    );

    // Without what was trained the baseline is the frequency among what is measured.
    let positives = metrics["valid"]["labels"][0]["positives"].as_f64().unwrap();
    let slices = metrics["valid"]["slices"].as_f64().unwrap();
    let share = metrics["training_prevalence"][0]["share"].as_f64().unwrap();
    assert!((share - positives / slices).abs() < 1e-12);

    // Slices that the network was trained on are no external validation.
    let own = fs::read_to_string(directory.join("elsewhere.toml")).unwrap();
    let own = own
        .replace("patients = 26", "patients = 40\ntest_patients = 6")
        .replace("hospital = \"b\"\n", "seed = 7\n");
    fs::write(directory.join("own.toml"), own).unwrap();
    let output = ichflow(directory, &["run", "own.toml", "--device=cpu"]);
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("that the network was trained on"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_bundle_without_exams_and_slices_in_place_of_exams_are_told_of() {
    let directory = tempfile::tempdir().unwrap();
    run(directory.path(), "tiny", TINY);
    let output = ichflow(
        directory.path(),
        &["predict", "runs/tiny/latest/model", ".", "--exams=exams.csv"],
    );
    assert!(!output.status.success());
    assert!(stderr(&output).contains("makes no exams"), "{}", stderr(&output));
    let slices = TINY.replace(
        "[score]",
        "[triage]\nuse = \"triage\"\nexams = \"predict.valid\"\n\n[score]",
    );
    fs::write(directory.path().join("slices.toml"), slices).unwrap();
    let output = ichflow(directory.path(), &["run", "slices.toml", "--device=cpu"]);
    assert!(!output.status.success());
    let said = stderr(&output);
    assert!(
        said.contains("triage is of exams") && said.contains("aggregate"),
        "{said}"
    );
}
