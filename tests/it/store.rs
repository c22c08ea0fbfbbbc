//! The HU store when its run is killed, as a person would meet it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::common::{ichflow, program, stderr, stdout};

const RECIPE: &str = r#"
ichflow = 1
title = "Store"

[load]
use = "dicom-dir"
path = "data/stage_2_train"

[store]
use = "hu-store"
size = 256
crop = 224
"#;

/// Bytes of all values: 12 patients of 20 slices; one file of the phantom is cut short.
const EXPECTED: u64 = (12 * 20 - 1) * 256 * 256 * 2;
/// Longest time for a store to grow as far as a test waits for.
const PATIENCE: Duration = Duration::from_secs(120);

/// `hu.bin` of the one store below a run's output, once there is one.
fn values(out: &Path) -> Option<PathBuf> {
    let mut stores = std::fs::read_dir(out.join("cache/hu-store")).ok()?;
    Some(stores.next()?.ok()?.path().join("hu.bin")).filter(|path| path.is_file())
}

fn length(out: &Path) -> u64 {
    let metadata = values(out).and_then(|path| path.metadata().ok());
    metadata.map_or(0, |metadata| metadata.len())
}

/// Runs the recipe; kills it as soon as the store has so many bytes. Whether it was killed.
fn run(directory: &Path, out: &str, kill_at: Option<u64>) -> bool {
    let mut child = program(directory)
        .args(["run", "recipe.toml", "--out", out])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return false;
        }
        if kill_at.is_some_and(|bytes| length(&directory.join(out)) >= bytes) {
            // SIGKILL: nothing of the program's own runs after it.
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn a_killed_store_is_finished_by_the_same_command_and_verified() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let made = ichflow(
        home,
        &[
            "phantom",
            "data",
            "--patients",
            "12",
            "--test-patients",
            "1",
            "--slices",
            "20",
            "--size",
            "256",
        ],
    );
    assert!(made.status.success(), "{}", stderr(&made));
    std::fs::write(home.join("recipe.toml"), RECIPE).unwrap();
    assert!(!run(home, "whole", None));
    assert_eq!(length(&home.join("whole")), EXPECTED);
    let mut killed = 0;
    for share in [1, 35, 70] {
        killed += usize::from(run(home, "resumed", Some(EXPECTED * share / 100)));
    }
    assert!(killed > 0, "the store was always faster");
    run(home, "resumed", None);
    let contents = |out: &str| {
        let values = values(&home.join(out)).unwrap();
        let index = values.with_file_name("index.jsonl");
        (
            std::fs::read(values).unwrap(),
            std::fs::read_to_string(index).unwrap(),
        )
    };
    let (whole, resumed) = (contents("whole"), contents("resumed"));
    assert!(whole.0 == resumed.0, "values differ");
    assert!(whole.1 == resumed.1, "indices differ");

    let right = ichflow(
        home,
        &["store", "verify", "whole/cache", "resumed/cache", "--json"],
    );
    assert!(right.status.success(), "{}", stderr(&right));
    let digest = |line: &str| {
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(report["slices"], 12 * 20 - 1);
        report["digest"].as_str().unwrap().to_owned()
    };
    let digests: Vec<String> = stdout(&right).lines().map(digest).collect();
    assert_eq!(digests.len(), 2);
    assert_eq!(digests[0], digests[1]);

    // One wrong bit is found, and named, and the exit code says so.
    let path = values(&home.join("whole")).unwrap();
    let mut bytes = whole.0;
    bytes[100_000] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let wrong = ichflow(home, &["store", "verify", "whole/cache"]);
    assert!(!wrong.status.success());
    assert!(
        stdout(&wrong).contains("its values are not what was stored"),
        "{}",
        stdout(&wrong)
    );
    assert!(
        stderr(&wrong).contains("1 of the stores are damaged"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn a_crop_is_another_store_and_another_key_downstream() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("tiny.toml"), crate::common::TINY).unwrap();
    let keys = |sets: &[&str]| {
        let arguments = [&["check", "tiny.toml", "--json"][..], sets].concat();
        let output = ichflow(directory.path(), &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        let checked: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        ["load", "store", "train"].map(|name| {
            let stages = checked["stages"].as_array().unwrap();
            let stage = stages.iter().find(|stage| stage["name"] == name).unwrap();
            stage["key"].as_str().unwrap().to_owned()
        })
    };
    let [load, store, train] = keys(&[]);
    for set in ["--set=store.crop=48", "--set=store.size=32"] {
        let changed = keys(&[set]);
        assert_eq!(changed[0], load, "{set} says nothing of loading");
        assert!(changed[1] != store && changed[2] != train, "{set}");
    }
}
