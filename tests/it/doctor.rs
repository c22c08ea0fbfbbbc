//! `ichflow doctor`: whether a recipe would fit this machine.

#![cfg(target_os = "linux")]

use std::fs;

use crate::common::{TINY, ichflow, stderr, stdout};

#[test]
fn what_a_recipe_takes_is_held_against_what_there_is() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    fs::write(home.join("tiny.toml"), TINY).unwrap();
    let output = ichflow(home, &["doctor", "tiny.toml"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    // 10 patients of 6 slices of 64 × 64 values of two bytes: drawn, and stored.
    assert!(said.contains("slices      60 of 64 × 64\n"), "{said}");
    assert!(said.contains("of memory in `train` ("), "{said}");
    assert!(said.contains("batches of 8"), "{said}");
    assert!(said.contains("about 983.0 kB of disk below runs ("), "{said}");
    assert!(!home.join("runs").exists(), "nothing is written");

    let output = ichflow(
        home,
        &[
            "doctor",
            "tiny.toml",
            "--set",
            "load.patients=10000",
            "--set",
            "load.slices=200",
            "--set",
            "store.size=1024",
        ],
    );
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{said}{}", stderr(&output));
    assert!(said.contains("(too much: "), "{said}");
}

#[test]
fn a_fitted_window_leaves_the_memory_open() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let recipe = TINY.replace("use = \"bsb\"", "use = \"frequency-histogram\"");
    fs::write(home.join("tiny.toml"), recipe).unwrap();
    let output = ichflow(home, &["doctor", "tiny.toml"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    assert!(
        said.contains("memory: no stage can tell before it runs"),
        "{said}"
    );
}
