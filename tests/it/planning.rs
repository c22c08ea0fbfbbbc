//! Planning: what is known of a recipe before anything runs, is fetched or read.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::common::{TINY, program, stderr, stdout};

/// Runs the program where there is no cache of weights and no way to fetch any.
fn offline(home: &Path, arguments: &[&str]) -> Output {
    program(home)
        .args(arguments)
        .env("HF_HUB_CACHE", home.join("no-cache"))
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap()
}

/// The image of the network that a recipe trains, and whether its size is assumed.
fn image(home: &Path, recipe: &str, sets: &[&str]) -> (Value, bool) {
    fs::write(home.join("recipe.toml"), recipe).unwrap();
    let mut arguments = vec!["check", "recipe.toml", "--network", "--json"];
    arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
    let output = offline(home, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let json: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let network = &json["networks"][0][1];
    (network["image"].clone(), network["usual_size"].as_bool().unwrap())
}

#[test]
fn weights_of_the_hub_are_not_fetched_to_describe_a_network() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let recipe = TINY.replace(
        "use = \"small-cnn\"",
        "use = \"efficientnet-b0\"\nweights = \"timm/efficientnet_b0.ra_in1k\"",
    );
    fs::write(home.join("recipe.toml"), recipe).unwrap();
    for arguments in [
        &["check", "recipe.toml", "--network"][..],
        &["doctor", "recipe.toml"],
        &["plan", "recipe.toml"],
    ] {
        let output = offline(home, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?} {}", stderr(&output));
    }
    assert!(!home.join("no-cache").exists());
}

#[test]
fn the_size_of_images_is_that_of_the_last_stage_that_changes_it() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let size = |recipe: &str, sets: &[&str]| image(home, recipe, sets);
    let square = |side: usize| serde_json::json!([3, side, side]);
    assert_eq!(size(TINY, &[]), (square(64), false));
    assert_eq!(size(TINY, &["store.crop=48"]), (square(48), false));
    assert_eq!(
        size(TINY, &["store.crop=48", "store.size=32"]),
        (square(32), false)
    );
    let resized = TINY.replace("[split]", "[resize]\nuse = \"resize\"\nsize = 96\n\n[split]");
    assert_eq!(size(&resized, &[]), (square(96), false));
}

#[test]
fn channels_are_counted_through_stages_that_put_windows_together() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    let around = TINY.replace(
        "[window]\nuse = \"bsb\"",
        "[inner]\nuse = \"bsb\"\n\n[window]\nuse = \"neighbours\"",
    );
    assert_eq!(image(home, &around, &[]).0, serde_json::json!([9, 64, 64]));
    // What is fitted to the cohort is not there yet, but its channels are known.
    let stacked = TINY.replace(
        "[window]\nuse = \"bsb\"",
        "[one]\nuse = \"bsb\"\n\n[two]\nuse = \"frequency-histogram\"\nchannels = 2\n\n[window]\nuse = \"stack\"\n\
         first = \"one\"\nsecond = \"two\"",
    );
    assert_eq!(image(home, &stacked, &[]).0, serde_json::json!([5, 64, 64]));
    let imagenet = stacked.replace(
        "use = \"small-cnn\"",
        "use = \"efficientnet-b0\"\nnormalise = \"imagenet\"",
    );
    fs::write(home.join("recipe.toml"), imagenet).unwrap();
    let output = offline(home, &["check", "recipe.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("E0017"), "{said}");
    assert!(
        said.contains("`network` wants 3 channels, but `window` gives 5"),
        "{said}"
    );
}
