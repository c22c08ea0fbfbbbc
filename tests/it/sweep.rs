//! Sweeps: trials are runs, one that fails stops no other, what was done is not done again.

use std::fs;
use std::path::Path;

use crate::common::{TINY, ichflow, stderr, stdout};
use serde_json::Value;
use tempfile::TempDir;

/// Three windows, one of which asks for a batch that the tiny training set cannot give, and two seeds.
const SWEEP: &str = r#"
[sweep]
seeds = [1, 2]

[sweep.variants.brain]
window = { use = "linear", windows = ["brain"] }

[sweep.variants.soft]
window = { use = "linear", windows = ["soft"] }

[sweep.variants.no-validation]
split = { valid = 0.0001 }
"#;

fn directory(sweep: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    // The cohort is the same in every trial.
    let text = TINY.replace("use = \"phantom\"", "use = \"phantom\"\nseed = 7");
    fs::write(directory.path().join("tiny.toml"), text + sweep).unwrap();
    directory
}

fn sweep(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = ichflow(
        directory,
        &[&["sweep", "tiny.toml", "--device", "cpu"], arguments].concat(),
    );
    (
        output.status.code(),
        format!("{}\n{}", stderr(&output), stdout(&output)),
    )
}

fn record(directory: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(directory.join("runs/tiny/sweep.json")).unwrap()).unwrap()
}

#[test]
fn a_failing_trial_is_told_and_the_others_are_compared() {
    let directory = directory(SWEEP);
    let (code, said) = sweep(directory.path(), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(directory.path().join("runs/tiny/sweep.json").is_file(), "{said}");
    let trials = record(directory.path())["trials"].as_array().unwrap().clone();
    assert_eq!(trials.len(), 6);
    for trial in &trials {
        let name = trial["name"].as_str().unwrap();
        if name.starts_with("no-validation") {
            let reason = trial["outcome"]["failed"].as_str().unwrap();
            assert!(reason.starts_with("`split`"), "{reason}");
        } else {
            assert_eq!(trial["outcome"], "done", "{said}");
        }
    }
    assert!(said.contains("brain, seed 1"), "{said}");
    assert!(directory.path().join("runs/tiny/comparison.html").is_file());
    // Loading and decoding happen in the first trial alone.
    let drawn = fs::read_dir(directory.path().join("runs/cache/phantom"))
        .unwrap()
        .count();
    let stores = fs::read_dir(directory.path().join("runs/cache/hu-store"))
        .unwrap()
        .count();
    assert_eq!((drawn, stores), (1, 1));

    // Again: what was done is not done again, what failed is tried again.
    let (code, said) = sweep(directory.path(), &["--jobs", "2"]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said.matches(": done before, ").count(), 4, "{said}");
}

#[cfg(unix)]
#[test]
fn a_sweep_that_was_killed_goes_on() {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;

    let directory = directory("\n[sweep]\nseeds = [1, 2, 3]\n");
    let mut child = crate::common::program(directory.path())
        .args(["sweep", "tiny.toml", "--device", "cpu"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let second = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains("[2/3]"));
    assert!(second, "the second trial begins");
    // The whole group, as a closed terminal or a cluster's scheduler would.
    let killed = std::process::Command::new("kill")
        .args(["-KILL", "--", &format!("-{}", child.id())])
        .status()
        .unwrap();
    assert!(killed.success());
    child.wait().unwrap();
    let (code, said) = sweep(directory.path(), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches(": done before, ").count(), 1, "{said}");
    let trials = record(directory.path());
    assert!(
        trials["trials"]
            .as_array()
            .unwrap()
            .iter()
            .all(|trial| trial["outcome"] == "done")
    );
}

#[test]
fn run_and_sweep_tell_one_from_the_other() {
    let directory = directory(SWEEP);
    let said = |arguments: &[&str]| {
        let output = ichflow(directory.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        stderr(&output)
    };
    let plain = directory.path().join("plain.toml");
    fs::write(&plain, TINY).unwrap();
    insta::assert_snapshot!(
        [
            said(&["run", "tiny.toml"]),
            said(&["run", "tiny.toml", "--trial", "brain, seed 3"]),
            said(&["run", "plain.toml", "--trial", "brain"]),
            said(&["sweep", "plain.toml"]),
            said(&["check", "tiny.toml", "--set", "sweep.seeds=[1, -1]"]),
        ]
        .join("\n---\n")
    );
}

#[test]
fn check_lists_the_trials() {
    let directory = directory(SWEEP);
    let output = ichflow(directory.path(), &["check", "tiny.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("6 trials") && text.contains("soft, seed 2"),
        "{text}"
    );
}
