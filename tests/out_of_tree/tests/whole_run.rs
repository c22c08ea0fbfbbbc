//! A recipe whose window and network come from this crate goes all the way through.

use std::fs;
use std::process::Command;

const RECIPE: &str = r#"
ichflow = 1
title = "A window and a backbone from another crate"
seed = 3

[load]
use = "phantom"
patients = 6
test_patients = 1
slices = 4
size = 64

[store]
use = "hu-store"

[window]
use = "blood"

[split]
use = "multilabel-stratified"
valid = 0.3

[network]
use = "plain-net"

[loss]
use = "bce"

[train]
use = "fit"
batch = 8
phases = [{ epochs = 1, lr = 1e-3 }]

[predict]
use = "predict"

[score]
use = "evaluate"

[bundle]
use = "model-bundle"

[report]
use = "metrics-report"
"#;

#[test]
fn a_recipe_with_this_plugins_stages_runs() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("mine.toml"), RECIPE).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_out-of-tree"))
            .args(arguments)
            .current_dir(directory.path())
            .output()
            .unwrap();
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&output.stdout)
        );
        (output.status.code(), text)
    };
    let (code, text) = run(&["run", "mine.toml"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("plain-net of width 8"), "{text}");
    let latest = directory.path().join("runs/mine/latest");
    let bundle = fs::read_to_string(latest.join("model/bundle.json")).unwrap();
    assert!(
        bundle.contains("\"model\": \"train.model\"") && bundle.contains("\"channels\": 2"),
        "{bundle}"
    );
    assert!(latest.join("report.html").is_file());

    let (code, text) = run(&["describe", "blood"]);
    assert_eq!(code, Some(0));
    assert!(
        text.contains("The most blood-like density") && text.contains("out-of-tree"),
        "{text}"
    );

    // A stage this program does not link is unknown, and the message says how to link one.
    fs::write(
        directory.path().join("other.toml"),
        RECIPE.replace("\"blood\"", "\"gradient-bsb\""),
    )
    .unwrap();
    let (code, text) = run(&["check", "other.toml"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("main.rs"), "{text}");
}
