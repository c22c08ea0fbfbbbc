//! What a person sees when a recipe is wrong: all of it, at once, in its place, and nothing touched.

use std::fs;
use std::path::Path;

use crate::common::{ichflow, stderr, stdout};
use tempfile::TempDir;

/// A directory with the given files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn entries(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Runs `check` on `recipe.toml` and gives what it says; it must refuse.
fn refusal(files: &[(&str, &str)], sets: &[&str]) -> String {
    let directory = directory(files);
    let mut arguments = vec!["check", "recipe.toml"];
    for set in sets {
        arguments.extend(["--set", set]);
    }
    let output = ichflow(directory.path(), &arguments);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    stderr(&output)
}

fn recipe(text: &str) -> String {
    refusal(&[("recipe.toml", text)], &[])
}

const EIGHT_MISTAKES: &str = r#"ichflow = 1
titel = "Eight mistakes"

[load]
use = "fantom"

[store]
use = "hu-store"
size = "large"

[window]
use = "bsb"
centre = 40

[split]
use = "multilabel-stratified"
group_by = "patients"
valid = 1.5

[network]
use = "efficientnet-b0"
weights = "no/such/weights.pth"

[train]
use = "fit"
phases = [
  { epochs = 1, lr = 1e-4, trainable = "last five" },
]
"#;

#[test]
fn eight_mistakes_are_eight_messages_and_nothing_is_touched() {
    let directory = directory(&[("recipe.toml", EIGHT_MISTAKES)]);
    let before = entries(directory.path());
    let output = ichflow(directory.path(), &["run", "recipe.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert_eq!(text.matches("error[E").count(), 8, "{text}");
    assert_eq!(entries(directory.path()), before);
    insta::assert_snapshot!(text);
}

#[test]
fn problems_as_json_say_the_same() {
    let directory = directory(&[("recipe.toml", EIGHT_MISTAKES)]);
    let output = ichflow(directory.path(), &["check", "recipe.toml", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["ok"], false);
    let problems = json["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 8);
    assert_eq!(problems[0]["at"]["line"], 2);
    assert_eq!(problems[0]["at"]["column"], 1);
    assert_eq!(problems[0]["code"], "E0005");
}

#[test]
fn text_that_is_not_toml() {
    insta::assert_snapshot!(recipe("ichflow = 1\n\n[load\nuse = \"phantom\n"));
}

#[test]
fn a_recipe_that_is_not_there() {
    let directory = directory(&[]);
    let output = ichflow(directory.path(), &["check", "recipe.toml"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(stderr(&output));
}

#[test]
fn no_format() {
    insta::assert_snapshot!(recipe("[load]\nuse = \"phantom\"\n"));
}

#[test]
fn another_format() {
    insta::assert_snapshot!(recipe("ichflow = 9\n[load]\nuse = \"phantom\"\n"));
}

#[test]
fn no_stages() {
    insta::assert_snapshot!(recipe("ichflow = 1\ntitle = \"empty\"\n"));
}

#[test]
fn a_table_without_use() {
    insta::assert_snapshot!(recipe("ichflow = 1\n[load]\npatients = 3\n[var]\nx = 1\n"));
}

#[test]
fn a_name_that_would_leave_the_run_directory() {
    insta::assert_snapshot!(recipe("ichflow = 1\n[\"../load\"]\nuse = \"phantom\"\n"));
}

#[test]
fn a_missing_key() {
    insta::assert_snapshot!(recipe(
        "ichflow = 1\n[load]\nuse = \"phantom\"\n[train]\nuse = \"fit\"\n"
    ));
}

#[test]
fn a_variable_that_is_not_declared() {
    insta::assert_snapshot!(recipe(
        "ichflow = 1\n[vars]\ndata = \"x\"\n[load]\nuse = \"dicom-dir\"\npath = \"${daat}/slices\"\n"
    ));
}

#[test]
fn nothing_offers_what_is_needed() {
    insta::assert_snapshot!(recipe("ichflow = 1\n[split]\nuse = \"multilabel-stratified\"\n"));
}

#[test]
fn a_wire_to_nowhere_to_later_and_of_another_type() {
    insta::assert_snapshot!(recipe(
        r#"ichflow = 1
[load]
use = "phantom"
[window]
use = "bsb"
[split]
use = "multilabel-stratified"
cohort = "laod"
[one]
use = "multilabel-stratified"
cohort = "two"
[two]
use = "multilabel-stratified"
cohort = "window"
[three]
use = "multilabel-stratified"
cohort = "load.tset"
"#
    ));
}

#[test]
fn three_channels_wanted_one_given() {
    let files = [(
        "recipe.toml",
        "ichflow = 1\n[window]\nuse = \"metadata\"\nchannels = 1\n[network]\nuse = \"efficientnet-b0\"\nnormalise = \"imagenet\"\n",
    )];
    insta::assert_snapshot!(refusal(&files, &[]));
}

#[test]
fn a_mistake_in_the_recipe_that_is_extended() {
    let files = [
        (
            "recipe.toml",
            "ichflow = 1\nextends = \"base/common.toml\"\n[window]\nuse = \"bsb\"\n",
        ),
        (
            "base/common.toml",
            "ichflow = 1\n[load]\nuse = \"phantom\"\npatients = -1\n",
        ),
    ];
    insta::assert_snapshot!(refusal(&files, &[]));
}

#[test]
fn extends_in_a_circle_and_to_nowhere() {
    let circle = [
        ("recipe.toml", "ichflow = 1\nextends = \"other.toml\"\n"),
        ("other.toml", "ichflow = 1\nextends = \"recipe.toml\"\n"),
    ];
    let nowhere = [("recipe.toml", "ichflow = 1\nextends = \"none.toml\"\n")];
    insta::assert_snapshot!(format!(
        "{}\n---\n{}",
        refusal(&circle, &[]),
        refusal(&nowhere, &[])
    ));
}

#[test]
fn settings_that_hit_nothing() {
    let files = [(
        "recipe.toml",
        "ichflow = 1\n[vars]\ndata = \"x\"\n[load]\nuse = \"phantom\"\n",
    )];
    let sets = [
        "laod.patients=3",
        "load.patinets=3",
        "load.patients=few",
        "vars.dta=y",
        "load",
        "load=3",
    ];
    insta::assert_snapshot!(refusal(&files, &sets));
}

#[test]
fn a_good_recipe_is_shown_with_its_wiring() {
    let directory = directory(&[("recipe.toml", crate::common::TINY)]);
    let before = entries(directory.path());
    let output = ichflow(
        directory.path(),
        &["check", "recipe.toml", "--set", "train.phases.0.lr=0.5"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(entries(directory.path()), before);
    let text = stdout(&output);
    assert!(text.contains("cohort ← store.train"), "{text}");
    assert!(text.contains("test ← predict.test"), "{text}");
    assert!(text.contains("lr = 0.5"), "{text}");
}

#[test]
fn asking_for_cuda_without_it_is_a_wrong_call() {
    if cfg!(feature = "cuda") {
        return;
    }
    let directory = directory(&[("recipe.toml", crate::common::TINY)]);
    let output = ichflow(directory.path(), &["run", "recipe.toml", "--device", "cuda"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--features cuda"), "{}", stderr(&output));
    assert_eq!(entries(directory.path()), ["recipe.toml"]);
}

#[test]
fn stages_and_their_descriptions() {
    let directory = directory(&[]);
    let output = ichflow(directory.path(), &["stages"]);
    let list = stdout(&output);
    assert!(
        list.contains("bsb") && list.contains("brain, subdural and soft-tissue"),
        "{list}"
    );
    let output = ichflow(directory.path(), &["describe", "metadata"]);
    let text = stdout(&output);
    // The last line names the source line, which moves.
    let (text, from) = text.trim_end().rsplit_once('\n').unwrap();
    assert!(
        from.starts_with("From ichflow-windowing plugins/windowing/src/metadata.rs:"),
        "{from}"
    );
    insta::assert_snapshot!(text);
    let output = ichflow(directory.path(), &["describe", "metadtaa"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean `metadata`?"));
    let output = ichflow(directory.path(), &["stages", "windows"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean `window`?"));
}
