//! A window that is learned, from the recipe to everything a run leaves behind.

use std::fs;

use crate::common::{TINY, ichflow, stderr};

#[test]
fn where_windows_went_is_in_the_history_the_bundle_the_weights_and_the_report() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), TINY).unwrap();
    let output = ichflow(
        directory.path(),
        &[
            "run",
            "tiny.toml",
            "--device=cpu",
            "--set=window.use=learned",
            "--set=window.windows=[\"brain\", { center = 300, width = 100 }]",
            "--set=window.lr=2.0",
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let latest = directory.path().join("runs/tiny/latest");
    let read = |name: &str| fs::read_to_string(latest.join(name)).unwrap();

    let history = read("history.csv");
    let head: Vec<&str> = history.lines().next().unwrap().split(',').collect();
    let column = |name: &str| {
        let index = head
            .iter()
            .position(|column| *column == name)
            .unwrap_or_else(|| panic!("no {name}: {head:?}"));
        let values = history.lines().skip(1);
        let values = values.map(|row| row.split(',').nth(index).unwrap().parse::<f64>().unwrap());
        values.collect::<Vec<f64>>()
    };
    let centers = column("window_1_center");
    assert_eq!(centers.len(), 2);
    assert!(
        centers.iter().all(|center| (center - 40.0).abs() > 0.1),
        "it moved: {centers:?}"
    );
    assert_eq!(column("window_2_width").len(), 2);

    let bundle: serde_json::Value = serde_json::from_str(&read("model/bundle.json")).unwrap();
    let learned = &bundle["learned_window"];
    assert_eq!(learned["activation"], "sigmoid");
    let windows = learned["windows_hu"].as_array().unwrap();
    assert_eq!(windows.len(), 2);
    let best: Vec<bool> = history
        .lines()
        .skip(1)
        .map(|row| row.split(',').any(|field| field == "true"))
        .collect();
    let kept = best.iter().rposition(|best| *best).unwrap();
    let center = windows[0]["center"].as_f64().unwrap();
    assert!((center - centers[kept]).abs() < 1e-6, "{center} of {centers:?}");

    let weights = fs::read(latest.join("model/weights.safetensors")).unwrap();
    let header = String::from_utf8_lossy(&weights[..4096.min(weights.len())]).into_owned();
    assert!(
        header.contains("window.center") && header.contains("window.width"),
        "{header}"
    );

    let report = read("report.html");
    for expected in [
        "Learned windows",
        "Learned window centers by epoch",
        "300.0 / 100.0",
    ] {
        assert!(report.contains(expected), "the report lacks {expected}");
    }
}

#[test]
fn windows_may_be_held_and_named() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), TINY).unwrap();
    let windows = |extra: &[&str]| {
        let fixed = [
            "run",
            "tiny.toml",
            "--device=cpu",
            "--set=window.use=learned",
            "--set=window.windows=[\"brain\"]",
        ];
        let output = ichflow(directory.path(), &[&fixed[..], extra].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let text = fs::read_to_string(directory.path().join("runs/tiny/latest/model/bundle.json")).unwrap();
        let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
        bundle["learned_window"]["windows_hu"][0]["center"]
            .as_f64()
            .unwrap()
    };
    assert_eq!(windows(&["--set=window.freeze_epochs=5"]), 40.0);
    assert_eq!(windows(&["--set=train.phases.0.trainable=head"]), 40.0);
    assert_ne!(windows(&["--set=train.phases.0.trainable=window, head"]), 40.0);
}

#[test]
fn two_learned_windows_side_by_side_are_refused_before_anything_runs() {
    let directory = tempfile::tempdir().unwrap();
    let learned = "use = \"learned\"\nwindows = [\"brain\"]\n";
    let windows = format!(
        "[a]\n{learned}\n[b]\n{learned}\n[around]\nuse = \"neighbours\"\ninner = \"a\"\n\n\
         [window]\nuse = \"stack\"\nfirst = \"around\"\nsecond = \"b\"\n"
    );
    let recipe = TINY.replace("[window]\nuse = \"bsb\"\n", &windows);
    fs::write(directory.path().join("two.toml"), recipe).unwrap();
    let output = ichflow(directory.path(), &["check", "two.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("`window` takes two windows that are learned, `first` and `second`"),
        "{said}"
    );
    let one = fs::read_to_string(directory.path().join("two.toml"))
        .unwrap()
        .replace(
            "[b]\nuse = \"learned\"\nwindows = [\"brain\"]\n",
            "[b]\nuse = \"bsb\"\n",
        );
    fs::write(directory.path().join("one.toml"), one).unwrap();
    let output = ichflow(directory.path(), &["check", "one.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
