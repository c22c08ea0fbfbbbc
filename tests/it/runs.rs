//! `ichflow runs`: listing and removing.

use std::fs::{self, File};
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::common::{program, stderr, stdout};

/// A run's directory as a program leaves it.
fn made(out: &Path, name: &str, lr: f64, outcome: Option<&str>, score: Option<f64>) {
    let directory = out.join(name);
    fs::create_dir_all(&directory).unwrap();
    let recipe = format!("ichflow = 1\ntitle = \"Made up\"\n[train]\nuse = \"fit\"\nbatch = 8\nlr = {lr}\n");
    fs::write(directory.join("recipe.resolved.toml"), recipe).unwrap();
    fs::write(
        directory.join("events.jsonl"),
        "{\"time\":\"2026-01-01T00:00:00Z\",\"stage\":\"train\",\"kind\":\"started\",\"details\":{}}\n",
    )
    .unwrap();
    if let Some(outcome) = outcome {
        let record = format!(
            "{{\"outcome\":{outcome},\"started\":\"2026-01-01T00:00:00Z\",\"device\":\"cpu\",\"stages\":[{{\"made_in\":90.0}}]}}"
        );
        fs::write(directory.join("provenance.json"), record).unwrap();
    }
    if let Some(score) = score {
        let metrics = format!(
            "{{\"eps\":1e-15,\"valid\":{{\"slices\":10,\"patients\":4,\"weighted_log_loss\":{score},\
             \"weighted_log_loss_interval\":{{\"low\":0.1,\"high\":0.3}},\"prevalence_log_loss\":0.4,\
             \"auc_any_interval\":null,\"labels\":[{{\"label\":\"any\",\"log_loss\":{score},\"auc\":{}}}]}},\"test\":null}}",
            1.0 - score
        );
        fs::write(directory.join("metrics.json"), metrics).unwrap();
    }
}

fn some_runs() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let out = home.path();
    made(
        out,
        "b0/20260101-000000-aaaaaaaa",
        0.1,
        Some("\"done\""),
        Some(0.25),
    );
    made(
        out,
        "b0/20260103-000000-bbbbbbbb",
        0.2,
        Some("\"done\""),
        Some(0.2),
    );
    made(
        out,
        "b0/20260102-000000-cccccccc",
        0.3,
        Some("{\"failed\":\"no space left\"}"),
        None,
    );
    made(
        out,
        "sweep/lr=1/20260104-000000-dddddddd",
        0.4,
        Some("\"interrupted\""),
        None,
    );
    made(out, "sweep/lr=2/20260105-000000-eeeeeeee", 0.5, None, None);
    fs::create_dir_all(out.join("cache/hu-store/abc")).unwrap();
    home
}

/// `ichflow runs` on a directory of runs.
fn runs(out: &Path, arguments: &[&str]) -> Output {
    program(out)
        .arg("runs")
        .args(arguments)
        .args(["--out", "."])
        .output()
        .unwrap()
}

fn names(out: &Path, arguments: &[&str]) -> Vec<String> {
    let listed = runs(out, &[&["--json"], arguments].concat());
    let list: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    list.iter()
        .map(|run| run["name"].as_str().unwrap().rsplit('-').next().unwrap()[..1].to_owned())
        .collect()
}

#[test]
fn runs_are_listed_sorted_and_filtered() {
    let home = some_runs();
    let out = home.path();
    assert_eq!(names(out, &[]), ["e", "d", "b", "c", "a"]);
    assert_eq!(names(out, &["--sort", "score"])[..2], ["b", "a"]);
    assert_eq!(names(out, &["--sort", "name"]), ["a", "c", "b", "d", "e"]);
    assert_eq!(names(out, &["--filter", "B0"]), ["b", "c", "a"]);
    assert_eq!(
        names(out, &["--state", "failed", "--state", "killed"]),
        ["e", "c"]
    );
    assert_eq!(names(out, &["--limit", "1"]), ["e"]);
    insta::assert_snapshot!(stdout(&runs(out, &[])));
}

#[test]
fn a_run_at_work_is_said_to_be_and_is_not_removed() {
    let home = some_runs();
    let run = home.path().join("sweep/lr=2/20260105-000000-eeeeeeee");
    let lock = File::create(run.join(".lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(names(home.path(), &["--state", "at-work"]), ["e"]);
    let removed = runs(home.path(), &["remove", "--yes", run.to_str().unwrap()]);
    assert!(!removed.status.success());
    assert!(
        stderr(&removed).contains("a program works on the run"),
        "{}",
        stderr(&removed)
    );
    let pruned = runs(home.path(), &["prune", "--yes"]);
    assert!(pruned.status.success(), "{}", stderr(&pruned));
    assert_eq!(names(home.path(), &[]), ["e", "b", "a"]);
}

#[test]
#[cfg(unix)]
fn removing_asks_and_mends_the_link() {
    let home = some_runs();
    let out = home.path();
    let latest = out.join("b0/latest");
    std::os::unix::fs::symlink("20260103-000000-bbbbbbbb", &latest).unwrap();
    let remove = |arguments: &[&str]| runs(out, &[&["remove"], arguments].concat());
    // Nobody is there to be asked.
    let asked = remove(&["b0/latest"]);
    assert!(
        stderr(&asked).contains("`--yes` removes without asking"),
        "{}",
        stderr(&asked)
    );
    let unknown = remove(&["b0/20260101-000000-aaaaaaaa", "b0/nothing", "--yes"]);
    assert!(
        stderr(&unknown).contains("`b0/nothing` is no run"),
        "{}",
        stderr(&unknown)
    );
    assert_eq!(names(out, &[]).len(), 5);
    assert!(remove(&["b0/latest", "--dry-run"]).status.success());
    assert_eq!(names(out, &[]).len(), 5);
    assert!(remove(&["b0/latest", "--yes"]).status.success());
    assert_eq!(names(out, &[]), ["e", "d", "c", "a"]);
    assert_eq!(
        fs::read_link(&latest).unwrap(),
        Path::new("20260102-000000-cccccccc")
    );
}

#[test]
fn pruning_keeps_the_newest_of_each_recipe() {
    let home = some_runs();
    let prune = |arguments: &[&str]| runs(home.path(), &[&["prune", "--yes"], arguments].concat());
    assert!(prune(&["--older-than", "1"]).status.success());
    assert_eq!(names(home.path(), &[]).len(), 5);
    assert!(prune(&["--keep", "1"]).status.success());
    assert_eq!(names(home.path(), &[]), ["b"]);
}
