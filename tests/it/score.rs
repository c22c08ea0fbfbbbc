//! `ichflow score`: any two CSV files, measured as a person does it.

use std::fs;
use std::path::Path;

use crate::common::{ichflow, stderr, stdout};
use tempfile::TempDir;

const HEAD: &str = "id,any,epidural,intraparenchymal,intraventricular,subarachnoid,subdural\n";
const LABELS: [&str; 6] = [
    "any",
    "epidural",
    "intraparenchymal",
    "intraventricular",
    "subarachnoid",
    "subdural",
];

/// Eight slices of four patients; half of them bleed.
fn truth() -> String {
    let mut text = HEAD.replacen("id,", "id,patient,", 1);
    for i in 0..8 {
        let bleeds = u8::from(i % 2 == 0);
        text += &format!("ID_{i},p{},{bleeds},0,{bleeds},0,0,0\n", i / 2);
    }
    text
}

fn predictions(of_bleeding: f64, of_others: f64) -> String {
    (0..8).fold(HEAD.to_owned(), |text, i| {
        let p = if i % 2 == 0 { of_bleeding } else { of_others };
        text + &format!("ID_{i},{p},0.1,{p},0.1,0.1,0.1\n")
    })
}

/// The same numbers as rows `ID_3_any,0.5`.
fn long(wide: &str) -> String {
    wide.lines().skip(1).fold("ID,Label\n".to_owned(), |text, line| {
        let fields: Vec<&str> = line.split(',').collect();
        let numbers = &fields[fields.len() - 6..];
        let rows = LABELS.iter().zip(numbers);
        rows.fold(text, |text, (label, number)| {
            text + &format!("{}_{label},{number}\n", fields[0])
        })
    })
}

fn directory(files: &[(&str, String)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

fn json(directory: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = ichflow(directory, &[&["score"], arguments, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn refusal(directory: &Path, arguments: &[&str]) -> String {
    let output = ichflow(directory, &[&["score"], arguments].concat());
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stdout(&output).is_empty());
    stderr(&output)
}

#[test]
fn wide_and_long_files_give_the_same_numbers() {
    let directory = directory(&[
        ("truth.csv", truth()),
        ("predictions.csv", predictions(0.8, 0.3)),
        ("long_truth.csv", long(&truth())),
        ("long_predictions.csv", long(&predictions(0.8, 0.3))),
    ]);
    let at = directory.path();
    let wide = json(at, &["predictions.csv", "truth.csv"]);
    let long = json(
        at,
        &[
            "long_predictions.csv",
            "long_truth.csv",
            "--patients",
            "truth.csv",
        ],
    );
    assert_eq!(wide, long);
    assert_eq!(
        (&wide["score"]["slices"], &wide["score"]["patients"]),
        (&8.into(), &4.into())
    );
    // Two labels of weights 2 and 1 at −(ln 0.8 + ln 0.7)/2, four at −ln 0.9.
    let expected = (-1.5 * (0.8_f64.ln() + 0.7_f64.ln()) - 4.0 * 0.9_f64.ln()) / 7.0;
    let found = wide["score"]["weighted_log_loss"].as_f64().unwrap();
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    let any = &wide["score"]["labels"][0];
    assert_eq!(any["auc"], 1.0);
    assert_eq!(any["at_threshold"]["true_positives"], 4);
    assert!((any["brier"].as_f64().unwrap() - 0.065).abs() < 1e-12);
    assert_eq!(wide["score"]["labels"][1]["auc"], serde_json::Value::Null);
    assert!(wide["score"]["weighted_log_loss_interval"]["low"].is_number());
}

#[test]
fn two_sets_of_predictions_are_compared_on_the_same_patients() {
    let directory = directory(&[
        ("truth.csv", truth()),
        ("better.csv", predictions(0.8, 0.3)),
        ("worse.csv", predictions(0.6, 0.4)),
    ]);
    let score = json(
        directory.path(),
        &["better.csv", "truth.csv", "--against", "worse.csv"],
    );
    assert!(score["versus"]["difference"].as_f64().unwrap() < 0.0);
    assert!(score["versus"]["interval"]["high"].as_f64().unwrap() < 0.0);
    assert_eq!(score["versus"]["lower_in"], 1.0);
    let output = ichflow(
        directory.path(),
        &["score", "better.csv", "truth.csv", "--against", "worse.csv"],
    );
    let text = stdout(&output);
    for expected in [
        "8 slices of 4 patients",
        "weighted log loss    0.",
        "prevalence baseline",
        "Δ vs the other       -0.",
        "lower in 100.0 %",
        "intraparenchymal",
        "note: epidural: AUROC and average precision are undefined: no slice is positive",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let good = predictions(0.8, 0.3);
    let directory = directory(&[
        ("truth.csv", truth()),
        ("long_truth.csv", long(&truth())),
        ("good.csv", good.clone()),
        ("number.csv", good.replacen("ID_2,0.8", "ID_2,O.8", 1)),
        ("range.csv", good.replacen("ID_2,0.8", "ID_2,1.8", 1)),
        ("short.csv", good.lines().take(6).collect::<Vec<_>>().join("\n")),
        ("columns.csv", good.replace("subdural", "sub_dural")),
        ("twice.csv", good.clone() + "ID_1,0.9,0.1,0.3,0.1,0.1,0.1\n"),
        ("repeated.csv", good.clone() + "ID_1,0.3,0.1,0.3,0.1,0.1,0.1\n"),
        (
            "label.csv",
            long(&good).replacen("ID_1_epidural", "ID_1_epidual", 1),
        ),
        ("gap.csv", long(&good).replacen("ID_1_epidural,0.1\n", "", 1)),
    ]);
    let at = directory.path();
    let cases = [
        (
            "number.csv",
            "number.csv:4: `any` is \"O.8\", not a number between 0 and 1",
        ),
        ("range.csv", "range.csv:4: `any` is \"1.8\""),
        (
            "short.csv",
            "3 of 8 slices whose truth is known are not in short.csv: ID_5, ID_6, ID_7",
        ),
        ("columns.csv", "`subdural` missing"),
        ("twice.csv", "twice.csv:10: ID_1 is on line 3 with other numbers"),
        ("label.csv", "label.csv:9: \"ID_1_epidual\" is not an image's ID"),
        ("gap.csv", "1 image of gap.csv lacks some of its 6 rows: ID_1"),
        ("nowhere.csv", "nowhere.csv"),
    ];
    for (file, expected) in cases {
        let message = refusal(at, &[file, "truth.csv"]);
        assert!(message.contains(expected), "{file}: {message}");
    }
    let swapped = refusal(at, &["truth.csv", "good.csv"]);
    assert!(
        swapped.contains("good.csv:2: the truth of ID_0 is 0 or 1"),
        "{swapped}"
    );
    // What can be scored with a word of warning is.
    let partial = json(at, &["short.csv", "truth.csv", "--partial"]);
    assert_eq!(partial["score"]["slices"], 5);
    assert!(
        partial["remarks"][0]
            .as_str()
            .unwrap()
            .contains("ID_5, ID_6, ID_7")
    );
    let repeated = json(at, &["repeated.csv", "truth.csv"]);
    assert!(
        repeated["remarks"][0]
            .as_str()
            .unwrap()
            .starts_with("1 row repeats")
    );
    let unnamed = json(at, &["good.csv", "long_truth.csv"]);
    assert_eq!(
        unnamed["score"]["weighted_log_loss_interval"],
        serde_json::Value::Null
    );
    assert!(unnamed["remarks"][0].as_str().unwrap().contains("--patients"));
}
