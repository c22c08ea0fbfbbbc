//! Slices and exams side by side: in metrics.json, the report, `score` and `compare`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{TINY, ichflow, stderr, stdout};

/// Other people's numbers, see tests/reference/exams.py.
fn reference() -> Value {
    serde_json::from_str(include_str!("../fixtures/exams.json")).unwrap()
}

fn json(directory: &Path, arguments: &[&str]) -> Value {
    let output = ichflow(directory, arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn close(found: &Value, expected: &Value, tolerance: f64, what: &str) {
    let (found, expected) = (found.as_f64(), expected.as_f64().unwrap());
    let found = found.unwrap_or_else(|| panic!("{what} is absent"));
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1.0),
        "{what}: {found} is not {expected}"
    );
}

fn close_with_interval(found: &Value, expected: &Value, tolerance: f64, what: &str) {
    close(&found["value"], &expected["value"], tolerance, what);
    for end in ["low", "high"] {
        close(
            &found["interval"][end],
            &expected[end],
            tolerance,
            &format!("{what}, {end}"),
        );
    }
}

#[test]
fn exams_of_files_score_as_other_programs_say() {
    let reference = reference();
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    for name in ["truth", "predictions"] {
        fs::write(at.join(format!("{name}.csv")), reference[name].as_str().unwrap()).unwrap();
    }
    for level in ["series", "study", "patient"] {
        let expected = &reference["levels"][level];
        let score = json(
            at,
            &[
                "score",
                "predictions.csv",
                "truth.csv",
                "--labels=bleed",
                "--prevalences=0.05",
                "--json",
                "--level",
                level,
            ],
        );
        let said = |what: &str| format!("{what} of each {level}");
        assert_eq!(score["unit"], level);
        let part = &score["score"];
        assert_eq!(part["slices"], expected["exams"], "{level}");
        assert_eq!(part["patients"], expected["patients"], "{level}");
        let label = &part["labels"][0];
        assert_eq!(label["positives"], expected["positives"], "{level}");
        for (own, theirs) in [
            ("auc", "auroc"),
            ("average_precision", "average_precision"),
            ("log_loss", "log_loss"),
            ("brier", "brier"),
        ] {
            close(&label[own], &expected[theirs], 1e-12, &said(own));
        }
        let statistics = &part["statistics"][0];
        close(
            &statistics["auroc"]["value"],
            &expected["auroc"],
            1e-12,
            &said("AUROC"),
        );
        close(
            &statistics["partial_auroc"]["standardised"]["value"],
            &expected["partial_auroc"],
            1e-12,
            &said("partial AUROC"),
        );
        let alone = level == "patient";
        assert_eq!(statistics["one_case_a_patient"], alone);
        let method = if alone { "delong" } else { "obuchowski" };
        assert_eq!(statistics["auroc"]["method"], method);
        let point = &statistics["operating_points"][0];
        for share in ["sensitivity", "specificity", "ppv", "npv"] {
            if alone {
                assert_eq!(point[share]["method"], "wilson");
                close_with_interval(&point[share], &expected[share], 1e-9, &said(share));
            } else {
                // Cases of a patient are not independent, so Wilson's interval would be too narrow.
                assert_eq!(point[share]["method"], "bootstrap");
                close(
                    &point[share]["value"],
                    &expected[share]["value"],
                    1e-12,
                    &said(share),
                );
            }
        }
        let assumed = &point["at_prevalence"][0];
        assert_eq!(assumed["prevalence"], 0.05);
        close(
            &assumed["ppv"]["value"],
            &expected["ppv_at_5_percent"],
            1e-12,
            &said("PPV"),
        );
        close(
            &assumed["alarms_a_day"]["value"],
            &expected["alarms_of_100"],
            1e-12,
            &said("alarms"),
        );
        let curve = statistics["decision_curves"][0]["points"].as_array().unwrap();
        let at_20 = curve.iter().find(|point| point["threshold"] == 0.2).unwrap();
        close(
            &at_20["model"],
            &expected["net_benefit_at_20_percent"],
            1e-12,
            &said("net benefit"),
        );
        let calibration = &statistics["calibration"];
        for coefficient in ["in_the_large", "intercept", "slope"] {
            close_with_interval(
                &calibration[coefficient],
                &expected[coefficient],
                1e-6,
                &said(coefficient),
            );
        }
    }
    // Against itself: the same order, and nobody right alone.
    let same = json(
        at,
        &[
            "score",
            "predictions.csv",
            "truth.csv",
            "--labels=bleed",
            "--level=patient",
            "--against=predictions.csv",
            "--json",
        ],
    );
    let versus = &same["labels_versus"][0];
    assert_eq!(versus["auroc"]["difference"], 0.0);
    assert_eq!(versus["auroc"]["p"], Value::Null);
    assert_eq!(versus["calls"]["sensitivity"]["mid_p"], 1.0);
    let clustered = json(
        at,
        &[
            "score",
            "predictions.csv",
            "truth.csv",
            "--labels=bleed",
            "--level=study",
            "--against=predictions.csv",
            "--json",
        ],
    );
    let versus = &clustered["labels_versus"][0];
    assert_eq!(versus["calls"], Value::Null);
    let note = versus["notes"][0].as_str().unwrap();
    assert!(note.contains("patients have several studies"), "{note}");
}

#[test]
fn a_truth_that_knows_no_exams_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    fs::write(at.join("truth.csv"), "id,patient,bleed\na,p,1\nb,q,0\n").unwrap();
    fs::write(at.join("predictions.csv"), "id,bleed\na,0.75\nb,0.25\n").unwrap();
    let score = |level: &str| {
        let level = format!("--level={level}");
        ichflow(
            at,
            &["score", "predictions.csv", "truth.csv", "--labels=bleed", &level],
        )
    };
    let refused = score("study");
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(
        said.contains("does not say which slices belong to one study"),
        "{said}"
    );
    assert!(said.contains("a column `study` beside `id`"), "{said}");
    let patients = score("patient");
    assert!(patients.status.success(), "{}", stderr(&patients));
    let text = stdout(&patients);
    assert!(text.starts_with("2 patients of 2 patients"), "{text}");
    // A study of which a slice is missing is not quietly judged by the rest.
    fs::write(at.join("predictions.csv"), "id,bleed\na,0.75\n").unwrap();
    let said = stderr(&score("patient"));
    assert!(
        said.contains("1 of 2 patients whose truth is known have no slice in"),
        "{said}"
    );
}

/// A run with exams beside slices, and another of another seed beside it.
fn recipe(seed: u64) -> String {
    TINY.replace("seed = 7", &format!("seed = {seed}"))
        .replace("patients = 8", "patients = 40")
        .replace("valid = 0.25", "valid = 0.5\nseed = 7")
        .replace("[load]", "[load]\nseed = 7")
        .replace(
            "[score]",
            r#"[exams]
use = "aggregate"

[thresholds]
use = "thresholds"
valid = "exams.exams"
test = "exams.test_exams"

[score]"#,
        )
}

fn run(directory: &Path, name: &str, recipe: &str) -> PathBuf {
    fs::write(directory.join(format!("{name}.toml")), recipe).unwrap();
    let output = ichflow(directory, &["run", &format!("{name}.toml"), "--device=cpu"]);
    assert!(output.status.success(), "{}", stderr(&output));
    directory.join("runs").join(name).join("latest")
}

#[test]
fn a_run_with_exams_has_both_levels_everywhere() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let latest = run(at, "one", &recipe(1));
    let metrics: Value =
        serde_json::from_str(&fs::read_to_string(latest.join("metrics.json")).unwrap()).unwrap();
    assert_eq!(metrics["unit"], Value::Null, "slices are judged as ever");
    let exams = &metrics["exams"];
    assert_eq!(exams["unit"], "study");
    let studies = exams["valid"]["slices"].as_u64().unwrap();
    // The phantom has a file that cannot be read.
    let slices = metrics["valid"]["slices"].as_u64().unwrap();
    assert!(
        (5 * studies..=6 * studies).contains(&slices),
        "{slices} of {studies}"
    );
    assert_eq!(metrics["valid"]["patients"], exams["valid"]["patients"]);
    assert_eq!(exams["test"]["slices"], 2);
    assert_eq!(metrics["valid"]["statistics"][0]["one_case_a_patient"], false);
    assert_eq!(metrics["valid"]["statistics"][0]["auroc"]["method"], "obuchowski");
    assert_eq!(exams["valid"]["statistics"][0]["one_case_a_patient"], true);
    // Thresholds that were chosen on exams are of exams.
    assert_eq!(metrics["thresholds_for"], Value::Null);
    assert!(exams["thresholds_for"].is_string());
    let points = exams["valid"]["statistics"][0]["operating_points"]
        .as_array()
        .unwrap();
    assert_eq!(points.len(), 2, "{points:?}");
    assert_eq!(points[1]["chosen"], true);
    assert!(
        metrics["training_prevalence"][0]["share"].as_f64()
            < exams["training_prevalence"][0]["share"].as_f64()
    );

    // The same from the files.
    for (level, part) in [("slice", &metrics["valid"]), ("study", &exams["valid"])] {
        let level = format!("--level={level}");
        let arguments = [
            "score",
            "predictions/valid.csv",
            "cohort.csv",
            "--partial",
            "--json",
            &level,
        ];
        let score = json(&latest, &arguments);
        let score = &score["score"];
        for key in ["slices", "patients", "weighted_log_loss", "labels"] {
            assert_eq!(score[key], part[key], "{level} {key}");
        }
        for (own, theirs) in score["statistics"]
            .as_array()
            .unwrap()
            .iter()
            .zip(part["statistics"].as_array().unwrap())
        {
            for key in ["label", "cases", "positives", "auroc", "decision_curves"] {
                assert_eq!(own[key], theirs[key], "{level} {key}");
            }
            let [own, theirs] =
                [own, theirs].map(|label| &label["operating_points"][0]["sensitivity"]["value"]);
            assert_eq!(own, theirs, "{level}");
        }
    }

    // On the page, and in a comparison.
    let page = fs::read_to_string(latest.join("report.html")).unwrap();
    for text in [
        "<section id=\"evidence\"",
        "<h3 id=\"evidence-exams\">Whole studies</h3>",
        "Slices and studies side by side",
        "Decision curve, any, validation studies",
        "Assumed, not measured",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let other = run(at, "other", &recipe(2));
    let (one, other) = (latest.to_str().unwrap(), other.to_str().unwrap());
    let comparison = json(at, &["compare", one, other, "--json"]);
    let second = &comparison["runs"][1];
    for versus in [&second["versus_baseline"], &second["exams"]["versus_baseline"]] {
        assert_eq!(versus["paired"], true, "{versus}");
    }
    let of = |versus: &Value| versus["labels"][0].clone();
    let (slices, exams) = (
        of(&second["versus_baseline"]),
        of(&second["exams"]["versus_baseline"]),
    );
    assert_eq!(slices["auroc"]["method"], "obuchowski");
    assert_eq!(slices["calls"], Value::Null, "patients have several slices");
    assert_eq!(exams["auroc"]["method"], "delong");
    assert!(exams["calls"]["sensitivity"]["mid_p"].is_number(), "{exams}");
    let output = ichflow(at, &["compare", one, other, "--out=page.html"]);
    assert!(
        stdout(&output).contains("whole studies, any"),
        "{}",
        stdout(&output)
    );
    let page = fs::read_to_string(at.join("page.html")).unwrap();
    assert!(page.contains("<h2 id=\"exams-title\">Whole exams</h2>") && page.contains("McNemar"));
}
