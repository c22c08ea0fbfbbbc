//! A bundle knows what its training data looked like: exams that are unlike them are flagged, and periods are compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{TINY, ichflow, stderr, stdout};

const PROFILE: &str = "[profile]\nuse = \"data-profile\"\n\n[predict]";

/// A recipe of the phantom's first hospital.
fn of_hospital(extra: &str) -> String {
    TINY.replace("size = 64", "size = 64\nhospital = \"a\"")
        .replace("title = \"Tiny\"", &format!("title = \"{extra}\""))
}

fn ok(directory: &Path, arguments: &[&str]) -> String {
    let output = ichflow(directory, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// The rows of a table, by column.
fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let head = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        let pairs = head.iter().zip(record.iter());
        pairs
            .map(|(column, field)| (column.to_owned(), field.to_owned()))
            .collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

#[test]
fn another_hospital_is_flagged_and_periods_are_compared() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let plain = of_hospital("Without");
    fs::write(place.join("plain.toml"), &plain).unwrap();
    fs::write(place.join("with.toml"), plain.replace("[predict]", PROFILE)).unwrap();
    ok(place, &["run", "plain.toml", "--device=cpu"]);
    ok(place, &["run", "with.toml", "--device=cpu"]);
    let run = place.join("runs/with/latest");
    let read = |path: &str| fs::read_to_string(place.join(path)).unwrap();
    for part in ["valid", "test"] {
        assert_eq!(
            read(&format!("runs/with/latest/predictions/{part}.csv")),
            read(&format!("runs/plain/latest/predictions/{part}.csv")),
            "the profile changes no probability"
        );
    }
    let metrics: Value = serde_json::from_str(&read("runs/with/latest/metrics.json")).unwrap();
    let novelty = &metrics["novelty"];
    assert_eq!(
        (novelty["training_exams"].as_u64(), novelty["limits_of"].as_u64()),
        (Some(6), Some(2))
    );
    assert_eq!(
        novelty["parts"][0]["all"]["flagged"], 0,
        "limits are the largest of two exams: {novelty}"
    );
    assert_eq!(novelty["parts"][1]["all"]["exams"], 2);
    assert!(!read("runs/plain/latest/metrics.json").contains("novelty"));

    // Nobody is named in what the bundle keeps.
    let profile = read("runs/with/latest/model/profile.json");
    let cohort = table(&run.join("cohort.csv"));
    for column in ["id", "patient", "study", "series"] {
        assert!(!profile.contains(&cohort[0][column]), "{column} is in {profile}");
    }
    assert!(
        profile.contains("J40s") && profile.contains("PHANTOM WORKS"),
        "{profile}"
    );

    for (name, seed) in [("b", "5"), ("a", "6")] {
        let arguments = [
            "phantom",
            name,
            "--hospital",
            name,
            "--patients=1",
            "--test-patients=3",
            "--slices=6",
            "--size=64",
            "--seed",
            seed,
        ];
        ok(place, &arguments);
    }
    let predict = |name: &str, bundle: &str, out: &str, more: &[&str]| {
        let files = format!("{name}/stage_2_test");
        let arguments = ["predict", bundle, &files, "--out", out, "--device=cpu"];
        ok(place, &[&arguments[..], more].concat())
    };
    predict("b", "runs/with/latest/model", "b.csv", &[]);
    predict("b", "runs/plain/latest/model", "b-plain.csv", &[]);
    predict("a", "runs/with/latest/model", "a.csv", &[]);
    predict("b", "runs/with/latest/model", "b.jsonl", &["--json"]);

    let (with, without) = (table(&place.join("b.csv")), table(&place.join("b-plain.csv")));
    let predicted: Vec<_> = with.iter().filter(|row| row["status"] == "predicted").collect();
    assert!(predicted.len() >= 17, "{}", predicted.len());
    for (row, plain) in with.iter().zip(&without) {
        assert!(
            plain.iter().all(|(column, field)| row[column] == *field),
            "{row:?}\n{plain:?}"
        );
        assert!(!plain.contains_key("exam_distance"));
    }
    for row in &predicted {
        let flags: Vec<&str> = row["unlike_training"].split(' ').collect();
        for reason in ["pixel_encoding", "kernel", "scanner"] {
            assert!(flags.contains(&reason), "{row:?}");
        }
        assert_eq!(
            (row["kernel"].as_str(), row["scanner"].as_str()),
            ("SOFT", "MADE-UP MEDICAL Birch VCT")
        );
        assert!(row["slice_distance"].parse::<f64>().unwrap() > 0.0);
    }
    for row in table(&place.join("a.csv"))
        .iter()
        .filter(|row| row["status"] == "predicted")
    {
        assert!(!row["unlike_training"].contains("kernel"), "{row:?}");
    }

    let page = "drift.html";
    let arguments = [
        "drift",
        "runs/with/latest/model",
        "a.csv",
        "b.csv",
        "--out",
        page,
        "--json",
    ];
    let drift: Value = serde_json::from_str(&ok(place, &arguments)).unwrap();
    assert_eq!(
        (&drift["periods"][0]["name"], &drift["periods"][1]["name"]),
        (&"a".into(), &"b".into())
    );
    assert_eq!(
        (
            drift["reference"]["exams"].as_u64(),
            drift["periods"][1]["exams"].as_u64()
        ),
        (Some(2), Some(3))
    );
    assert_eq!(drift["periods"][1]["flagged"], 3);
    let shifts = drift["shifts"].as_array().unwrap();
    assert_eq!(shifts.len(), 2 * (6 + 2 + 6));
    let p_of = |period: u64, variable: &str| {
        let found = shifts
            .iter()
            .find(|shift| shift["period"] == period && shift["variable"] == variable);
        found.unwrap()["p_value"].as_f64().unwrap()
    };
    assert!(p_of(1, "kernel") < 0.05 && p_of(0, "kernel") > 0.9, "{drift}");
    assert!(
        shifts
            .iter()
            .all(|shift| shift["adjusted_p"].as_f64() >= shift["p_value"].as_f64())
    );
    let html = read(page);
    for said in [
        "Drift: With",
        "Why exams are flagged",
        "SOFT",
        "Distance of features",
        "by chance",
    ] {
        assert!(html.contains(said), "{said}");
    }
    for column in ["study_instance_uid", "series_instance_uid", "sop_instance_uid"] {
        assert!(
            predicted.iter().all(|row| !html.contains(&row[column])),
            "{column} is on the page"
        );
    }
    // A table as JSON says the same.
    let arguments = ["drift", "runs/with/latest/model", "a.csv", "b.jsonl", "--json"];
    let of_json: Value = serde_json::from_str(&ok(place, &arguments)).unwrap();
    assert_eq!(of_json, drift);
    assert!(ok(place, &["drift", "runs/with/latest/model", "b.csv"]).contains("flagged for "));

    // A bundle that does not know its training data, and a table that another bundle made.
    let output = ichflow(place, &["drift", "runs/plain/latest/model", "b.csv"]);
    assert!(
        stderr(&output).contains("does not know what its training data looked like"),
        "{}",
        stderr(&output)
    );
    let output = ichflow(place, &["drift", "runs/with/latest/model", "b-plain.csv"]);
    assert!(
        stderr(&output).contains("has no column `exam_distance`"),
        "{}",
        stderr(&output)
    );
    // Its files are held by digests.
    fs::write(place.join("runs/with/latest/model/features.bin"), "x").unwrap();
    let output = ichflow(place, &["drift", "runs/with/latest/model", "b.csv"]);
    assert!(
        stderr(&output).contains("features.bin is not the file"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_bundle_flags_exams_in_a_recipe_too() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    fs::write(
        place.join("with.toml"),
        of_hospital("With").replace("[predict]", PROFILE),
    )
    .unwrap();
    ok(place, &["run", "with.toml", "--device=cpu"]);
    let elsewhere = |profile: &str| {
        format!(
            "ichflow = 1\ntitle = \"Elsewhere\"\n\n[load]\nuse = \"phantom\"\npatients = 3\ntest_patients = 1\n\
             slices = 6\nsize = 64\nhospital = \"c\"\n\n[store]\nuse = \"hu-store\"\n\n[split]\nuse = \
             \"validation-only\"\n\n[model]\nuse = \"bundled-model\"\npath = \"runs/with/latest/model\"\n{profile}\n\
             [predict]\nuse = \"predict\"\n\n[score]\nuse = \"evaluate\"\n"
        )
    };
    fs::write(place.join("elsewhere.toml"), elsewhere("profile = true\n")).unwrap();
    ok(place, &["run", "elsewhere.toml", "--device=cpu"]);
    let text = fs::read_to_string(place.join("runs/elsewhere/latest/metrics.json")).unwrap();
    let metrics: Value = serde_json::from_str(&text).unwrap();
    let part = &metrics["novelty"]["parts"][0];
    assert_eq!(
        (&part["all"]["exams"], &part["all"]["flagged"]),
        (&3.into(), &3.into()),
        "{part}"
    );
    assert_eq!(part["by_scanner"][0]["scanner"], "IMAGINARY IMAGING Cedar One");
    assert!(
        part["unseen"]
            .as_array()
            .unwrap()
            .iter()
            .any(|unseen| unseen["value"] == "FC21"),
        "{part}"
    );

    fs::write(place.join("elsewhere.toml"), elsewhere("")).unwrap();
    ok(place, &["run", "elsewhere.toml", "--device=cpu"]);
    let text = fs::read_to_string(place.join("runs/elsewhere/latest/metrics.json")).unwrap();
    assert!(!text.contains("novelty"));
}
