//! Several hospitals in one recipe: joined, two of them for testing, baselines and subgroups of all.

use std::fs;

use crate::common::{ichflow, stderr};

/// A phantom hospital.
fn hospital(name: &str, patients: usize, positive: f64) -> String {
    format!(
        "[{name}]\nuse = \"phantom\"\nhospital = \"{name}\"\npatients = {patients}\ntest_patients = 1\nslices = 6\n\
         size = 64\npositive = {positive}\n\n"
    )
}

/// What comes between the loaders and the report.
const REST: &str = r#"
[load]
use = "join"
sites = ["a", "b", "c"]
train = "a.train"
train_2 = "b.train"
train_3 = "c.train"
pixels = "a.pixels"
pixels_2 = "b.pixels"
pixels_3 = "c.pixels"

[external]
use = "hold-out"
sites = ["b", "c"]

[store]
use = "hu-store"

[window]
use = "bsb"

[split]
use = "multilabel-stratified"
valid = 0.4

[network]
use = "small-cnn"

[loss]
use = "weighted-log-loss"

[histogram]
use = "histogram-logistic"

[train]
use = "fit"
batch = 16
phases = [{ epochs = 1, lr = 2e-3 }]

[predict]
use = "predict"

[position]                          # after the network, and still nobody's but evaluate's
use = "position-only"

[header]
use = "header-only"

[exams]
use = "aggregate"

[score]
use = "evaluate"
bootstrap = 50
min_group = 6
histogram = "histogram.valid"
test_histogram = "histogram.test"

[report]
use = "metrics-report"
"#;

#[test]
fn hospitals_are_held_out_and_baselines_and_subgroups_measured() {
    let directory = tempfile::tempdir().unwrap();
    let loads = [("a", 24, 0.6), ("b", 12, 0.5), ("c", 12, 0.5)];
    let loads: String = loads
        .map(|(name, patients, positive)| hospital(name, patients, positive))
        .concat();
    let text = format!("ichflow = 1\ntitle = \"Hospitals\"\nseed = 7\n\n{loads}{REST}");
    fs::write(directory.path().join("hospitals.toml"), text).unwrap();
    let output = ichflow(directory.path(), &["run", "hospitals.toml", "--device", "cpu"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let latest = directory.path().join("runs/hospitals/latest");
    let read = |name: &str| fs::read_to_string(latest.join(name)).unwrap();

    let metrics: serde_json::Value = serde_json::from_str(&read("metrics.json")).unwrap();
    assert_eq!(
        metrics["exams"]["test"]["slices"], 24,
        "two hospitals of twelve patients"
    );
    let trained = read("folds.csv").lines().count() - 1;
    // One file of each phantom is cut short.
    assert_eq!(trained, 24 * 6 - 1);

    let baselines = metrics["baselines"].as_array().unwrap();
    let names: Vec<String> = baselines
        .iter()
        .map(|found| {
            let text = |key: &str| found[key].as_str().unwrap().to_owned();
            format!("{} {} {}", text("baseline"), text("part"), text("unit"))
        })
        .collect();
    let all: Vec<String> = ["valid slice", "test slice", "valid study", "test study"]
        .iter()
        .flat_map(|of| {
            ["position-only", "header-only", "histogram-logistic"].map(|name| format!("{name} {of}"))
        })
        .collect();
    assert_eq!(names, all);
    for found in baselines {
        let loss = &found["log_loss"];
        assert!(
            loss["baseline"].is_number() && found["in_words"].is_string(),
            "{found}"
        );
        let model = loss["model"].as_f64().unwrap();
        let difference = found["difference"]["difference"].as_f64().unwrap();
        assert!((difference - (model - loss["baseline"].as_f64().unwrap())).abs() < 1e-9);
    }
    let model = metrics["test"]["weighted_log_loss"].as_f64().unwrap();
    assert!((baselines[3]["log_loss"]["model"].as_f64().unwrap() - model).abs() < 1e-9);
    // The network is measured, and not a baseline that stands nearer.
    assert!(read("predictions/position_only.csv") != read("predict/predictions/valid.csv"));

    assert_eq!(
        metrics["test"]["subgroups"],
        serde_json::Value::Null,
        "exams are judged"
    );
    let subgroups = &metrics["exams"]["test"]["subgroups"];
    assert_eq!(
        (subgroups["unit"].as_str(), subgroups["min_group"].as_u64()),
        (Some("study"), Some(6))
    );
    let attributes = subgroups["attributes"].as_array().unwrap();
    let site = attributes
        .iter()
        .find(|attribute| attribute["by"] == "site")
        .unwrap();
    let sites: Vec<(&str, u64)> = site["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            (
                group["name"].as_str().unwrap(),
                group["patients"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(sites, [("b", 12), ("c", 12)]);
    for by in ["scanner", "kernel", "encoding"] {
        assert!(attributes.iter().any(|attribute| attribute["by"] == by), "{by}");
    }

    let page = read("report.html");
    for text in [
        "What is above the baselines",
        "AUROC by subgroup",
        "Birch VCT",
        "Validation studies",
    ] {
        assert!(page.contains(text), "{text}");
    }
}
