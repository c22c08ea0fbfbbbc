//! The smaller commands, as people call them.

use std::fs;
use std::process::Stdio;

use crate::common::{TINY, ichflow, program, stderr, stdout};
use tempfile::TempDir;

fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), TINY).unwrap();
    directory
}

fn said(directory: &TempDir, arguments: &[&str]) -> String {
    let output = ichflow(directory.path(), arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{arguments:?}: {}",
        stderr(&output)
    );
    stdout(&output)
}

#[test]
fn a_graph_has_every_stage_and_what_passes_between_them() {
    let directory = directory();
    insta::assert_snapshot!(said(&directory, &["graph", "tiny.toml"]));
    let dot = said(&directory, &["graph", "tiny.toml", "--format", "dot"]);
    assert!(
        dot.starts_with("digraph recipe {") && dot.contains("label = \"window\\nbsb\""),
        "{dot}"
    );
}

#[test]
fn a_difference_is_shown_value_by_value() {
    let directory = directory();
    let other = TINY
        .replace("use = \"bsb\"", "use = \"metadata\"")
        .replace("1e-3", "2e-3");
    fs::write(directory.path().join("other.toml"), other).unwrap();
    let output = ichflow(directory.path(), &["diff", "tiny.toml", "other.toml"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output));
    assert_eq!(
        said(&directory, &["diff", "tiny.toml", "tiny.toml"]),
        "no difference\n"
    );
    let output = ichflow(directory.path(), &["diff", "tiny.toml", "."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("is not the directory of a run"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_new_recipe_passes_check_and_nothing_is_overwritten() {
    let directory = directory();
    let text = said(&directory, &["new", "recipe", "trials/mine"]);
    assert!(
        text.contains("mine.toml") && text.contains("ichflow check"),
        "{text}"
    );
    said(&directory, &["check", "trials/mine.toml"]);
    for bad in [
        ["new", "recipe", "trials/mine"],
        ["new", "recipe", "1st"],
        ["new", "plugin", "trials"],
    ] {
        let output = ichflow(directory.path(), &bad);
        assert_eq!(output.status.code(), Some(2), "{bad:?}");
        assert!(stderr(&output).contains("help:"), "{}", stderr(&output));
    }
}

#[test]
fn a_new_plugin_is_the_template_under_its_own_name() {
    let directory = directory();
    said(&directory, &["new", "plugin", "blood-window"]);
    let home = directory.path().join("blood-window");
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(home.join("Cargo.toml")).unwrap()).unwrap();
    assert_eq!(manifest["package"]["name"].as_str(), Some("blood-window"));
    assert!(manifest.contains_key("workspace"));
    for (name, dependency) in manifest["dependencies"].as_table().unwrap() {
        let Some(path) = dependency.get("path").and_then(toml::Value::as_str) else {
            continue;
        };
        let theirs = std::path::Path::new(path).join("Cargo.toml");
        let theirs: toml::Table = toml::from_str(&fs::read_to_string(theirs).unwrap()).unwrap();
        assert_eq!(theirs["package"]["name"].as_str(), Some(name.as_str()));
    }
    let main = fs::read_to_string(home.join("src/main.rs")).unwrap();
    assert!(
        main.contains("use blood_window as _;") && !main.contains("my_plugin"),
        "{main}"
    );
}

#[test]
fn the_schema_knows_every_stage() {
    let directory = directory();
    let schema: serde_json::Value = serde_json::from_str(&said(&directory, &["schema"])).unwrap();
    let stages: serde_json::Value = serde_json::from_str(&said(&directory, &["stages", "--json"])).unwrap();
    let alternatives = schema["additionalProperties"]["anyOf"].as_array().unwrap();
    // One alternative more: tables without `use`, in recipes that extend others.
    assert_eq!(alternatives.len(), stages.as_array().unwrap().len() + 1);
}

#[test]
fn completions_manual_pages_and_the_doctor() {
    let directory = directory();
    assert!(said(&directory, &["completions", "bash"]).contains("_ichflow"));
    said(&directory, &["man", "pages"]);
    for page in ["ichflow.1", "ichflow-run.1", "ichflow-inspect.1"] {
        assert!(directory.path().join("pages").join(page).is_file(), "{page}");
    }
    let doctor = said(&directory, &["doctor", "tiny.toml"]);
    for line in ["ichflow", "burn", "processors", "device", "tiny.toml is right"] {
        assert!(doctor.contains(line), "{doctor}");
    }
}

#[test]
fn output_that_nobody_reads_is_no_fault() {
    let directory = directory();
    for arguments in [
        &["reference"][..],
        &["schema"],
        &["explain-error", "--all"],
        &["stages"],
    ] {
        let mut child = program(directory.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // As `head -0` does.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(stderr(&output), "", "{arguments:?}");
    }
}
