//! A model that reads whole series, from a recipe to a bundle.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::common::{TINY, ichflow, program, stderr};

/// A tiny phantom with a network over series, whose training has everything that has a state.
fn recipe() -> String {
    TINY.replace(
        "[score]",
        r#"[embed]
use = "embed"
batch = 7

[sequence]
use = "series-gru"
hidden = 8
layers = 2
exam = "attention"
attention = 4

[train_series]
use = "fit-series"
batch = 2
accumulate = 2
ema = 0.9
clip_norm = 1.0
optimizer = { kind = "adamw", weight_decay = 0.01 }
vary = { window = 4, every_second = 0.5, reversed = 0.5 }
checkpoint = { metric = "auc_any", every_minutes = 0 }
phases = [
  { epochs = 6, lr = 1e-3 },
  { epochs = 30, lr = 5e-3, schedule = { kind = "one-cycle" }, warmup = { epochs = 0.5 } },
]

[predict_series]
use = "predict-series"

[smooth]
use = "smooth-z"

[score]"#,
    )
}

fn run(directory: &Path) -> PathBuf {
    let output = ichflow(directory, &["run", "tiny.toml", "--device=cpu"]);
    assert!(output.status.success(), "{}", stderr(&output));
    directory.join("runs/tiny/latest")
}

fn written() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), recipe()).unwrap();
    directory
}

/// What must not differ from run to run.
fn ends(latest: &Path) -> Vec<Vec<u8>> {
    [
        "metrics.json",
        "model/weights.safetensors",
        "model/series.safetensors",
        "predict_series/predictions/valid.csv",
        "predict_series/predictions/test.csv",
        "predictions/exams_valid.csv",
        "embeddings/cohort_features.npy",
    ]
    .iter()
    .map(|name| fs::read(latest.join(name)).unwrap_or_else(|_| panic!("{name} is missing")))
    .collect()
}

#[test]
fn killed_ten_times_at_random_it_ends_with_the_same_bits() {
    let (whole, killed) = (written(), written());
    let begun = std::time::Instant::now();
    let expected = ends(&run(whole.path()));
    let took = begun.elapsed();
    // Fractions of a run, as a generator of small numbers draws them.
    let mut state = 12345_u64;
    for _ in 0..10 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let share = f64::from((state >> 40) as u32) / f64::from(1_u32 << 24);
        let mut child = program(killed.path())
            .args(["run", "tiny.toml", "--device", "cpu"])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_secs_f64(took.as_secs_f64() * share));
        let _ = child.kill();
        child.wait().unwrap();
    }
    assert!(ends(&run(killed.path())) == expected, "something differs");
}

#[test]
fn a_bundle_predicts_what_the_run_predicted_and_brings_the_model_back() {
    let directory = written();
    let profiled = recipe().replace("[embed]", "[profile]\nuse = \"data-profile\"\n\n[embed]");
    fs::write(directory.path().join("tiny.toml"), profiled).unwrap();
    let latest = run(directory.path());
    let exams = fs::read_to_string(latest.join("predictions/exams_test.csv")).unwrap();
    assert!(exams.starts_with("study,series,any,epidural,"), "{exams}");
    let weights: f64 = exams
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap())
        .sum();
    assert!((weights - 2.0).abs() < 1e-5, "two exams: {weights}");
    // The test slices, without the run.
    let elsewhere = tempfile::tempdir().unwrap();
    let place = elsewhere.path();
    copy(&latest.join("model"), &place.join("handed over"));
    copy(
        &below(&directory.path().join("runs/cache/phantom"), "stage_2_test"),
        &place.join("study"),
    );
    let expected = rows(&latest.join("smooth/predictions/test.csv"), 1);
    assert_eq!(expected.len(), 12);
    let arguments = ["predict", "handed over", "study", "--out=p.csv", "--device=cpu"];
    let output = ichflow(place, &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(rows(&place.join("p.csv"), 2), expected);
    // Slices are held against the training data although no stage of the chain predicts them one by one.
    let mut reader = csv::Reader::from_path(place.join("p.csv")).unwrap();
    let head = reader.headers().unwrap().clone();
    let column = head.iter().position(|name| name == "exam_distance").unwrap();
    for row in reader.records() {
        assert!(row.unwrap()[column].parse::<f64>().unwrap() > 0.0);
    }
    let card = fs::read_to_string(place.join("handed over/README.md")).unwrap();
    assert!(
        card.contains("Over the slices of each series: series-gru"),
        "{card}"
    );

    // In another recipe, with heat maps of the network on slices.
    let text = recipe();
    let (data, _) = text.split_once("[network]").unwrap();
    let measure = r#"
[model]
use = "bundled-model"
path = "handed over"
series = true

[embed]
use = "embed"

[predict_series]
use = "predict-series"

[explain]
use = "grad-cam"
examples = 1
mistakes = 1

[score]
use = "evaluate"
"#;
    fs::write(place.join("tiny.toml"), format!("{data}{measure}")).unwrap();
    let again = run(place);
    let of = |latest: &Path, name: &str| fs::read(latest.join(name)).unwrap();
    assert!(
        of(&again, "predictions/valid.csv") == of(&latest, "predict_series/predictions/valid.csv"),
        "the model that came back says something else"
    );
    assert!(again.join("heat_maps.csv").is_file());

    // What it was trained on comes along: nothing is fitted to its probabilities of these.
    let fitted = format!("{data}{measure}\n[calibrate]\nuse = \"calibrate\"\n");
    let other_split = fitted.replace("valid = 0.25", "valid = 0.75");
    fs::write(place.join("tiny.toml"), other_split).unwrap();
    let output = ichflow(place, &["run", "tiny.toml", "--device=cpu"]);
    let said = stderr(&output);
    assert!(
        !output.status.success() && said.contains("the network was trained on"),
        "{said}"
    );
}

#[test]
fn both_networks_are_trained_on_together_and_bundled() {
    let together = r#"[together]
use = "fine-tune-series"
batch = 2
chunk = 3
vary = { window = 4 }
phases = [{ epochs = 2, lr = 1e-4, frozen_norm = true }]

[embed_again]
use = "embed"

[predict_again]
use = "predict-series"

[smooth]"#;
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    fs::write(place.join("tiny.toml"), recipe().replace("[smooth]", together)).unwrap();
    let latest = run(place);
    let of = |stage: &str| fs::read(latest.join(stage).join("predictions/test.csv")).unwrap();
    assert!(of("predict_again") != of("predict_series"), "nothing was learned");
    let expected = rows(&latest.join("smooth/predictions/test.csv"), 1);
    let study = below(&place.join("runs/cache/phantom"), "stage_2_test");
    let model = latest.join("model");
    let arguments = [
        "predict",
        model.to_str().unwrap(),
        study.to_str().unwrap(),
        "--out=p.csv",
        "--device=cpu",
    ];
    let output = ichflow(place, &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(rows(&place.join("p.csv"), 2), expected);
}

fn rows(path: &Path, from: usize) -> std::collections::BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        (fields[0].to_owned(), fields[from..from + 6].join(","))
    };
    text.lines().skip(1).map(row).collect()
}

fn below(directory: &Path, name: &str) -> PathBuf {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut directories = entries.filter(|path| path.is_dir());
    directories
        .find_map(|path| match path.ends_with(name) {
            true => Some(path),
            false => Some(below(&path, name)).filter(|found| !found.as_os_str().is_empty()),
        })
        .unwrap_or_default()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
