//! Messages that are true, and say what to write: what people coming from other tools get wrong.

use std::fs;
use std::path::Path;

use crate::common::{ichflow, stderr, stdout};

const RECIPE: &str = r#"ichflow = 1
seed = 7

[load]
use = "phantom"
patients = 4

[split]
use = "random"
valid = 0.3
"#;

/// What `check` says of a recipe's bytes; it must refuse.
fn refused(bytes: &[u8]) -> String {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("recipe.toml"), bytes).unwrap();
    let output = ichflow(directory.path(), &["check", "recipe.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    stderr(&output)
}

fn changed(from: &str, to: &str) -> String {
    assert!(RECIPE.contains(from));
    refused(RECIPE.replacen(from, to, 1).as_bytes())
}

#[test]
fn numbers_as_other_languages_write_them() {
    insta::assert_snapshot!(
        [
            changed("7", "042"),
            changed("0.3", "1."),
            changed("0.3", ".3"),
            changed("0.3", "0,3"),
            changed("0.3", "30%"),
        ]
        .join("")
    );
}

#[test]
fn words_and_quotes_as_other_languages_write_them() {
    insta::assert_snapshot!(
        [
            changed("0.3", "True"),
            changed("0.3", "None"),
            changed("\"random\"", "random"),
            changed("\"random\"", "\u{201c}random\u{201d}"),
        ]
        .join("")
    );
}

#[test]
fn paths_of_windows_in_double_quotes() {
    let with = |path: &str| {
        let text = RECIPE.replace(
            "use = \"phantom\"\npatients = 4",
            "use = \"dicom-dir\"\npath = PATH",
        );
        refused(text.replace("PATH", path).as_bytes())
    };
    insta::assert_snapshot!([with(r#""D:\rsna\new""#), with(r#""D:\data\users""#)].join(""));
    let home = with("\"~/data\"");
    assert!(
        home.contains("`~` means your home directory to a shell alone"),
        "{home}"
    );
}

#[test]
fn a_recipe_in_another_encoding_is_read_or_told() {
    let directory = tempfile::tempdir().unwrap();
    let marked: Vec<u8> = format!("\u{feff}{RECIPE}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let plain: Vec<u8> = RECIPE.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [marked, plain] {
        fs::write(directory.path().join("recipe.toml"), bytes).unwrap();
        let output = ichflow(directory.path(), &["check", "recipe.toml"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let latin = [RECIPE.as_bytes(), b"title = \"Sch\xe4del\"\n"].concat();
    insta::assert_snapshot!(refused(&latin));
}

#[test]
fn a_set_value_is_text_where_text_is_wanted() {
    let directory = tempfile::tempdir().unwrap();
    let recipe = "ichflow = 1\n[vars]\ndata = \"x\"\n[load]\nuse = \"dicom-dir\"\npath = \"${data}\"\n";
    fs::write(directory.path().join("recipe.toml"), recipe).unwrap();
    for name in ["1", "2019", "1.10", "true", "2019-01-01"] {
        fs::create_dir(directory.path().join(name)).unwrap();
        for key in ["load.path", "vars.data"] {
            let set = format!("{key}={name}");
            let output = ichflow(directory.path(), &["check", "recipe.toml", "--set", &set]);
            assert!(output.status.success(), "{set}: {}", stderr(&output));
            assert!(
                stdout(&output).contains(&format!(" = \"{name}\"")),
                "{}",
                stdout(&output)
            );
        }
    }
    // In a recipe quotes make the difference.
    let number = refused(recipe.replace("\"${data}\"", "1").as_bytes());
    assert!(
        number.contains("is a whole number where text is wanted"),
        "{number}"
    );
    // What is set for a stage counts, before its `use` and after.
    for order in [
        ["split.fold=1", "split.use=random"],
        ["split.use=random", "split.fold=1"],
    ] {
        let text = RECIPE.replace(
            "use = \"random\"\nvalid = 0.3",
            "use = \"group-kfold\"\nfold = 0\nof = 5",
        );
        fs::write(directory.path().join("order.toml"), text).unwrap();
        let [one, other] = order;
        let arguments = [
            "check",
            "order.toml",
            "--set",
            one,
            "--set",
            other,
            "--set",
            "split.of=3",
        ];
        let output = ichflow(directory.path(), &arguments);
        assert!(
            stdout(&output).contains("fold     = 1"),
            "{}{}",
            stdout(&output),
            stderr(&output)
        );
    }
}

/// A recipe that trains, on a loader of choice.
fn training(load: &str) -> String {
    format!(
        "ichflow = 1\n{load}[window]\nuse = \"bsb\"\n[split]\nuse = \"random\"\n[network]\nuse = \"small-cnn\"\n[loss]\n\
         use = \"weighted-log-loss\"\n[train]\nuse = \"fit\"\nphases = [{{ epochs = 1, lr = 1e-3 }}]\n"
    )
}

#[test]
fn a_typo_is_reported_once_with_what_was_meant() {
    let text = training("[load]\nuse = \"phantom\"\n");
    insta::assert_snapshot!(
        [
            refused(text.replace("lr = ", "lrate = ").as_bytes()),
            refused(text.replace("lr = ", "learning_rate = ").as_bytes()),
            refused(text.replace("epochs = ", "epoch = ").as_bytes()),
        ]
        .join("")
    );
}

#[test]
fn training_without_labels_is_told_before_anything_runs() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("slices")).unwrap();
    let load = "[load]\nuse = \"dicom-dir\"\npath = \"slices\"\n[store]\nuse = \"hu-store\"\n";
    fs::write(directory.path().join("recipe.toml"), training(load)).unwrap();
    let output = ichflow(directory.path(), &["check", "recipe.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    insta::assert_snapshot!(stderr(&output));
}

#[test]
fn windows_that_are_hardly_hounsfield_units_are_warned_of() {
    let directory = tempfile::tempdir().unwrap();
    let recipe = "ichflow = 1\n[load]\nuse = \"phantom\"\n[one]\nuse = \"linear\"\nwindows = [{ center = 1064, width = 80 }]\n\
                  [two]\nuse = \"formula\"\nchannels = [\"linear(40, 80)\", \"0.5 * sigmoid(0.04, 0.08)\"]\n";
    fs::write(directory.path().join("recipe.toml"), recipe).unwrap();
    let output = ichflow(directory.path(), &["check", "recipe.toml"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("ready to run"), "{}", stdout(&output));
    insta::assert_snapshot!(stderr(&output));
    let json = ichflow(directory.path(), &["check", "recipe.toml", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["warnings"].as_array().unwrap().len(), 2, "{json}");
    assert_eq!(
        stderr(&ichflow(directory.path(), &["check", "recipe.toml", "--json"])),
        ""
    );
}

#[test]
fn arguments_with_names_in_a_formula() {
    let window = "[window]\nuse = \"formula\"\nchannels = [\"linear(center=40, width=80)\"]\n";
    insta::assert_snapshot!(refused(format!("{RECIPE}{window}").as_bytes()));
}

/// `check` of a network with these parameters, and what it says.
fn network(directory: &Path, parameters: &str, offline: bool) -> (Option<i32>, String) {
    let recipe =
        format!("ichflow = 1\n[load]\nuse = \"phantom\"\n[window]\nuse = \"bsb\"\n[network]\n{parameters}\n");
    fs::write(directory.join("recipe.toml"), recipe).unwrap();
    let mut command = crate::common::program(directory);
    command.args(["check", "recipe.toml"]).env("HF_HUB_CACHE", "hub");
    match offline {
        true => command.env("HF_HUB_OFFLINE", "1"),
        false => command.env_remove("HF_HUB_OFFLINE"),
    };
    let output = command.output().unwrap();
    (output.status.code(), stderr(&output))
}

#[test]
fn weights_of_the_hub_that_are_not_here_are_told_and_how_to_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let check = |parameters, offline| network(directory.path(), parameters, offline);
    let weights = "use = \"efficientnet-b0\"\nweights = \"timm/efficientnet_b0.ra_in1k\"";
    let (code, offline) = check(weights, true);
    assert_eq!(code, Some(0), "{offline}");
    insta::assert_snapshot!(offline);
    let (code, said) = check(weights, false);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("warning") && said.contains("hub's cache hub"),
        "{said}"
    );
    let random = check("use = \"efficientnet-b0\"\nweights = \"random\"", true);
    assert_eq!(random, (Some(0), String::new()));
    let (code, other) = check(
        "use = \"efficientnet-lite0\"\nweights = \"timm/efficientnet_b0.ra_in1k\"",
        true,
    );
    assert_eq!(code, Some(2), "{other}");
    insta::assert_snapshot!(other);
}

#[test]
fn a_run_without_its_weights_ends_before_it_begins() {
    let directory = tempfile::tempdir().unwrap();
    let recipe = training("[load]\nuse = \"phantom\"\n").replace(
        "use = \"small-cnn\"",
        "use = \"efficientnet-b0\"\nweights = \"timm/efficientnet_b0.ra_in1k\"",
    );
    fs::write(directory.path().join("recipe.toml"), recipe).unwrap();
    let output = crate::common::program(directory.path())
        .args(["run", "recipe.toml", "--device=cpu"])
        .envs([("HF_HUB_CACHE", "hub"), ("HF_HUB_OFFLINE", "1")])
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("error: `network`: timm/efficientnet_b0.ra_in1k"),
        "{said}"
    );
    assert!(!directory.path().join("runs/cache/phantom").exists(), "{said}");
}
