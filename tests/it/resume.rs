//! A training that is killed carries on, and ends as one that was not.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::common::{TINY, program};

/// A tiny phantom, with everything in its training that has a state: dropout, random images, an average, an
/// optimizer's moments, a rate that moves, subsampled slices, gradients that are added up.
fn recipe() -> String {
    TINY.replace(
        "[split]",
        "[shift]\nuse = \"affine\"\n\n[blend]\nuse = \"mixup\"\n\n[split]",
    )
    .replace(
        "phases = [{ epochs = 2, lr = 1e-3 }]",
        r#"accumulate = 2
optimizer = { kind = "adamw", weight_decay = 0.01 }
clip_norm = 1.0
ema = 0.9
checkpoint = { metric = "auc_any", every_minutes = 0 }
phases = [
  { epochs = 2, lr = 1e-3, trainable = "last 3" },
  { epochs = 4, lr = 2e-3, schedule = { kind = "one-cycle" }, warmup = { epochs = 0.5 }, sampling = { kind = "undersample", negatives_per_positive = 2 } },
]"#,
    )
}

/// What must not differ: the metrics, the kept weights, and the part of the history that is no clock.
fn ends(directory: &Path) -> (String, Vec<u8>, Vec<String>) {
    let latest = directory.join("runs/tiny/latest");
    let text = |name: &str| fs::read_to_string(latest.join(name)).unwrap();
    let history = text("history.csv");
    let mut rows = history.lines();
    let head: Vec<&str> = rows.next().unwrap().split(',').collect();
    let clocks = ["slices_per_second", "data_loading_wait", "seconds", "memory_mib"];
    let timeless = rows.map(|row| {
        let cells = row.split(',').zip(&head);
        let kept = cells.filter(|(_, name)| !clocks.contains(name));
        kept.map(|(cell, _)| cell).collect::<Vec<_>>().join(",")
    });
    let timeless = timeless.collect();
    let weights = fs::read(latest.join("model/weights.safetensors")).unwrap();
    (text("metrics.json"), weights, timeless)
}

/// Runs until `stop` says so of a line, then kills with SIGKILL; true if the run came to its end before.
fn run_until(directory: &Path, mut stop: impl FnMut(&str) -> bool) -> bool {
    let mut child = program(directory)
        .args(["run", "tiny.toml", "--device", "cpu"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok)
    {
        let now = stop(&line);
        said.push(line);
        if now {
            child.kill().unwrap();
            child.wait().unwrap();
            return false;
        }
    }
    let status = child.wait().unwrap();
    assert!(status.success(), "{}", said.join("\n"));
    true
}

#[test]
fn a_killed_training_ends_as_one_that_was_not() {
    let whole = tempfile::tempdir().unwrap();
    let killed = tempfile::tempdir().unwrap();
    for directory in [&whole, &killed] {
        fs::write(directory.path().join("tiny.toml"), recipe()).unwrap();
    }
    assert!(run_until(whole.path(), |_| false));

    // In the first epoch, after the first, and in the second phase.
    let kills = ["phase 1:", "epoch 1/", "epoch 4/"];
    for kill in kills {
        assert!(!run_until(killed.path(), |line| line.contains(kill)), "{kill}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let plan = crate::common::ichflow(killed.path(), &["plan", "tiny.toml"]);
    let said = crate::common::stdout(&plan);
    assert!(said.contains("resumes at epoch "), "{said}");
    let mut carried_on = false;
    assert!(run_until(killed.path(), |line| {
        carried_on |= line.contains("carries on");
        false
    }));
    assert!(carried_on, "the last run began where the one before was killed");
    let (metrics, weights, history) = ends(whole.path());
    let (killed_metrics, killed_weights, killed_history) = ends(killed.path());
    assert_eq!(metrics, killed_metrics);
    assert!(weights == killed_weights, "the weights differ");
    assert_eq!(history, killed_history);

    // States are gone; what is kept is found by the next run.
    let cached = fs::read_dir(killed.path().join("runs/cache/fit")).unwrap();
    let results = cached.flatten().filter(|entry| entry.path().is_dir());
    for result in results {
        for entry in fs::read_dir(result.path()).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.starts_with("state-") && !name.ends_with(".part"), "{name}");
        }
    }
    let mut trained = false;
    assert!(run_until(killed.path(), |line| {
        trained |= line.contains("epoch 1/");
        false
    }));
    assert!(!trained, "a finished training is not done again");
    assert_eq!(ends(killed.path()).0, metrics);
}
