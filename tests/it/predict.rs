//! A bundle predicts what its run predicted, wherever it and the slices are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{TINY, ichflow, stderr, stdout};

/// What follows the network, and what is fitted to the cohort before it.
const WITH_EVERYTHING: &str = r#"
[smooth]
use = "smooth-z"

[calibrate]
use = "calibrate"
method = "isotonic"
parts = 2

[consistent]
use = "consistent-any"

[thresholds]
use = "thresholds"
target = "sensitivity"
at_least = 0.5
"#;

/// Runs a recipe, moves its bundle and its test slices elsewhere, and removes all else.
fn run_and_move(recipe: &str) -> (tempfile::TempDir, BTreeMap<String, String>) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), recipe).unwrap();
    let output = ichflow(directory.path(), &["run", "tiny.toml", "--device=cpu"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let runs = directory.path().join("runs");
    let elsewhere = tempfile::tempdir().unwrap();
    let latest = runs.join("tiny/latest");
    let expected = rows(&last_predictions(&latest), 1);
    copy(&latest.join("model"), &elsewhere.path().join("handed over"));
    copy(
        &below(&runs.join("cache/phantom"), "stage_2_test"),
        &elsewhere.path().join("study"),
    );
    (elsewhere, expected)
}

/// The test predictions of the run's last stage that made some: the others stand in directories of their stages.
fn last_predictions(latest: &Path) -> PathBuf {
    ["consistent", "calibrate", "smooth"]
        .iter()
        .map(|stage| latest.join(stage).join("predictions/test.csv"))
        .find(|path| path.is_file())
        .unwrap_or_else(|| latest.join("predictions/test.csv"))
}

/// Rows by id, from column `from` on, six of them.
fn rows(path: &Path, from: usize) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        (fields[0].to_owned(), fields[from..from + 6].join(","))
    };
    text.lines().skip(1).map(row).collect()
}

fn below(directory: &Path, name: &str) -> PathBuf {
    let found = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    found
        .filter(|path| path.is_dir())
        .find_map(|path| {
            if path.ends_with(name) {
                Some(path)
            } else {
                Some(below(&path, name)).filter(|found| !found.as_os_str().is_empty())
            }
        })
        .unwrap_or_default()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn predictions_are_those_of_the_run_to_the_last_bit() {
    let sized = TINY.replace("[augment]", "[resize]\nuse = \"resize\"\nsize = 48\n\n[augment]");
    let (until_prediction, after) = sized.split_once("[score]").unwrap();
    let recipe = format!("{until_prediction}{WITH_EVERYTHING}\n[score]{after}");
    let recipe = recipe.replace("[predict]", "[tta]\nuse = \"tta\"\n\n[predict]");
    let (place, expected) = run_and_move(&recipe);
    let output = ichflow(
        place.path(),
        &[
            "predict",
            "handed over",
            "study",
            "--out",
            "p.csv",
            "--device=cpu",
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let got = rows(&place.path().join("p.csv"), 2);
    assert_eq!(got, expected);
    let text = fs::read_to_string(place.path().join("p.csv")).unwrap();
    assert!(text.starts_with("id,file,any,epidural,"), "{text}");
    assert!(
        text.lines().next().unwrap().ends_with(",subdural_positive"),
        "{text}"
    );

    let card = fs::read_to_string(place.path().join("handed over/README.md")).unwrap();
    for part in [
        "## Data",
        "## Measured",
        "## Decision thresholds",
        "## Limits",
        "Weighted log loss 0.",
    ] {
        assert!(card.contains(part), "{part} is not in\n{card}");
    }
    let chain = fs::read_to_string(place.path().join("handed over/model.toml")).unwrap();
    assert!(!chain.contains("phantom") && chain.contains("curves"), "{chain}");
}

#[test]
fn what_was_found_in_the_cohort_comes_along() {
    let recipe = TINY
        .replace("\"bsb\"", "\"frequency-histogram\"\nslices = 10\nbins = 20")
        .replace("[loss]", "[statistics]\nuse = \"channel-statistics\"\n\n[loss]");
    let (place, expected) = run_and_move(&recipe);
    let arguments = ["predict", "handed over", "study", "--device=cpu"];
    let output = ichflow(place.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let table = place.path().join("p.csv");
    fs::write(&table, &output.stdout).unwrap();
    assert_eq!(rows(&table, 2), expected);

    // Some of the slices, the last one first, and one alone: what else is in a batch does not tell.
    let listing = fs::read_dir(place.path().join("study")).unwrap();
    let mut files: Vec<String> = listing
        .map(|entry| format!("study/{}", entry.unwrap().file_name().display()))
        .filter(|file| file.ends_with(".dcm"))
        .collect();
    files.sort();
    files.reverse();
    for some in [&files[..3], &files[1..2]] {
        let mut arguments = vec!["predict", "handed over", "--device=cpu"];
        arguments.extend(some.iter().map(String::as_str));
        let output = ichflow(place.path(), &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        fs::write(&table, &output.stdout).unwrap();
        let got = rows(&table, 2);
        assert_eq!(got.len(), some.len());
        for (id, row) in got {
            assert_eq!(row, expected[&id], "{id} among {}", some.len());
        }
    }
}

#[test]
fn no_file_stops_a_prediction_and_every_file_has_a_row() {
    for recipe in [TINY.to_owned(), TINY.replace("[store]\nuse = \"hu-store\"\n", "")] {
        let (place, expected) = run_and_move(&recipe);
        let study = place.path().join("study");
        let good = fs::read_dir(&study).unwrap().map(|entry| entry.unwrap().path());
        let good: Vec<PathBuf> = good
            .filter(|path| path.extension().is_some_and(|end| end == "dcm"))
            .collect();
        let damaged = study.join("damaged.dcm");
        fs::write(&damaged, damaged_after_its_header(&good)).unwrap();
        fs::write(study.join("notes.txt"), "not a slice").unwrap();
        fs::write(study.join("empty.dcm"), "").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt;
            std::os::unix::fs::symlink("nowhere", study.join("dangling.dcm")).unwrap();
            std::os::unix::fs::symlink("..", study.join("up")).unwrap();
            let name = std::ffi::OsString::from_vec(b"latin-1 \xe9.dcm".to_vec());
            fs::copy(&good[0], study.join(name)).unwrap();
        }
        let output = ichflow(
            place.path(),
            &["predict", "handed over", "study", "--json", "--device=cpu"],
        );
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        let rows: Vec<serde_json::Value> = stdout(&output)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let of = |name: &str| {
            let found: Vec<_> = rows
                .iter()
                .filter(|row| row["file"] == format!("study/{name}"))
                .collect();
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            found[0].clone()
        };
        let excluded = ["damaged.dcm", "empty.dcm", "notes.txt"];
        for name in excluded {
            let row = of(name);
            assert_eq!(row["status"], "excluded", "{row}");
            assert!(
                row["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
                "{row}"
            );
            assert!(row["probabilities"].is_null(), "{row}");
            assert!(said.contains(&format!("{name}: excluded: ")), "{said}");
        }
        assert_eq!(of("empty.dcm")["reason"], "it is empty");
        let mut links = 0;
        if cfg!(unix) {
            links = 2;
            assert_eq!(of("dangling.dcm")["reason"], "it is a link that leads nowhere");
            let again = of("latin-1 \\xe9.dcm");
            assert_eq!(again["status"], "predicted");
        }
        let predicted: Vec<_> = rows.iter().filter(|row| row["status"] == "predicted").collect();
        assert_eq!(rows.len(), predicted.len() + excluded.len() + links);
        assert_eq!(predicted.len(), expected.len() + usize::from(cfg!(unix)));
        for row in predicted {
            let id = row["id"].as_str().unwrap();
            assert_eq!(row["id"], row["sop_instance_uid"]);
            let probabilities =
                LABELS.map(|label| row["probabilities"][label].to_string().parse::<f64>().unwrap());
            let run: Vec<f64> = expected[id]
                .split(',')
                .map(|value| value.parse().unwrap())
                .collect();
            assert_eq!(probabilities[..], run, "{id}");
        }

        let bad = [
            "predict",
            "handed over",
            "study/damaged.dcm",
            "study/empty.dcm",
            "--out=bad.csv",
        ];
        let output = ichflow(place.path(), &bad);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("no slice was predicted: study/damaged.dcm: "),
            "{said}"
        );
        let table = fs::read_to_string(place.path().join("bad.csv")).unwrap();
        assert_eq!(table.matches(",excluded,").count(), 2, "{table}");
    }
}

/// The labels, in the order of the table.
const LABELS: [&str; 6] = [
    "any",
    "epidural",
    "intraparenchymal",
    "intraventricular",
    "subarachnoid",
    "subdural",
];

/// A slice whose header is whole, and whose pixels are run-length encoded and damaged.
fn damaged_after_its_header(slices: &[PathBuf]) -> Vec<u8> {
    // Of the phantom's ways to store slices, one that names the kinds of its elements.
    let explicit = |bytes: &Vec<u8>| bytes.windows(19).any(|some| some == b"1.2.840.10008.1.2.1");
    let mut bytes = slices
        .iter()
        .map(|slice| fs::read(slice).unwrap())
        .find(explicit)
        .unwrap();
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|some| some == what).unwrap();
    let syntax = find(&bytes, b"1.2.840.10008.1.2");
    bytes[syntax..][..19].copy_from_slice(b"1.2.840.10008.1.2.5");
    let pixels = find(&bytes, b"\xe0\x7f\x10\x00OW");
    bytes.truncate(pixels + 8);
    bytes.extend(
        b"\xff\xff\xff\xff\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0\x08\0\0\0damaged.\xfe\xff\xdd\xe0\0\0\0\0",
    );
    bytes
}

#[test]
fn a_bundle_that_was_changed_and_files_that_are_none_are_told() {
    let (place, expected) = run_and_move(TINY);
    let predict = |arguments: &[&str]| {
        let output = ichflow(place.path(), &[&["predict"], arguments].concat());
        (output.status.success(), stderr(&output))
    };
    fs::write(place.path().join("study/notes.txt"), "not a slice").unwrap();
    let (fine, said) = predict(&["handed over", "study", "--out=p.csv"]);
    assert!(fine && said.contains("notes.txt: excluded"), "{said}");
    let mut got = rows(&place.path().join("p.csv"), 2);
    // Every file has a row, also the one without a slice, which has neither id nor probabilities.
    assert_eq!(got.remove("").as_deref(), Some(",,,,,"));
    assert_eq!(got, expected);

    let (fine, said) = predict(&["study", "study"]);
    assert!(!fine && said.contains("study is not a model bundle"), "{said}");
    let (fine, said) = predict(&["handed over", "study/notes.txt"]);
    assert!(!fine && said.contains("no slice was found"), "{said}");
    let (fine, said) = predict(&["handed over", "study", "--out=study"]);
    assert!(
        !fine && said.contains("study is a directory") && said.contains("name a file"),
        "{said}"
    );
    let (fine, said) = predict(&["handed over", "study/*.dcm"]);
    assert!(!fine && said.contains("mean others to a shell alone"), "{said}");
    fs::create_dir_all(place.path().join("run")).unwrap();
    copy(&place.path().join("handed over"), &place.path().join("run/model"));
    let (fine, said) = predict(&["run", "study"]);
    assert!(!fine && said.contains("the run's bundle is run/model"), "{said}");
    let (fine, said) = predict(&["handed over", "study", "--out=nowhere/p.csv"]);
    assert!(!fine && said.contains("there is no directory nowhere"), "{said}");

    let weights = place.path().join("handed over/weights.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&weights, bytes).unwrap();
    let (fine, said) = predict(&["handed over", "study"]);
    assert!(!fine && said.contains("its SHA-256 is another"), "{said}");
}

#[test]
fn a_bundle_stands_in_a_recipe_in_place_of_training() {
    let directory = tempfile::tempdir().unwrap();
    let run = |name: &str, recipe: &str| {
        fs::write(directory.path().join(name), recipe).unwrap();
        let output = ichflow(directory.path(), &["run", name, "--device=cpu"]);
        assert!(output.status.success(), "{}", stderr(&output));
    };
    run("tiny.toml", TINY);
    let (before, training) = TINY.split_once("[network]").unwrap();
    let (_, after) = training.split_once("[predict]").unwrap();
    let (after, _) = after.split_once("[bundle]").unwrap();
    let model = "[model]\nuse = \"bundled-model\"\npath = \"runs/tiny/latest/model\"\n\n[predict]";
    run("again.toml", &format!("{before}{model}{after}"));
    for file in ["predictions/valid.csv", "predictions/test.csv", "metrics.json"] {
        let read =
            |run: &str| fs::read(directory.path().join("runs").join(run).join("latest").join(file)).unwrap();
        assert!(read("tiny") == read("again"), "{file} differs");
    }
}

#[test]
fn a_bundle_is_measured_on_labelled_data_by_a_short_recipe() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), TINY).unwrap();
    let output = ichflow(directory.path(), &["run", "tiny.toml", "--device=cpu"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let data = [
        "phantom",
        "data",
        "--patients=3",
        "--test-patients=1",
        "--slices=4",
        "--size=64",
    ];
    assert!(ichflow(directory.path(), &data).status.success());
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/evaluate_bundle.toml");
    fs::copy(recipe, directory.path().join("measure.toml")).unwrap();
    let sets = [
        "--set",
        "vars.data=data",
        "--set",
        "vars.model=runs/tiny/latest/model",
    ];
    let arguments = [&["run", "measure.toml", "--device=cpu"][..], &sets].concat();
    let output = ichflow(directory.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let latest = directory.path().join("runs/measure/latest");
    let metrics: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(latest.join("metrics.json")).unwrap()).unwrap();
    let slices = metrics["valid"]["slices"].as_u64().unwrap();
    assert!(slices >= 10, "{metrics}");
    assert!(latest.join("report.html").is_file());

    // The same model on the same slices, by the two commands.
    let model = "runs/tiny/latest/model";
    let predict = [
        "predict",
        model,
        "data/stage_2_train",
        "--out=p.csv",
        "--device=cpu",
    ];
    let output = ichflow(directory.path(), &predict);
    assert!(
        output.status.code() == Some(0) || output.status.code() == Some(3),
        "{}",
        stderr(&output)
    );
    let output = ichflow(
        directory.path(),
        &["score", "p.csv", "data/stage_2_train.csv", "--partial", "--json"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let scored: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let loss = |found: &serde_json::Value| found["weighted_log_loss"].as_f64().unwrap();
    let measured = &scored["score"];
    assert!(
        (loss(measured) - loss(&metrics["valid"])).abs() < 1e-12,
        "{scored}"
    );
}

#[cfg(unix)]
#[test]
fn a_model_card_names_the_network_that_ran_and_no_path_of_this_machine() {
    use std::os::unix::fs::PermissionsExt;

    let weights =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/weights/efficientnet-lite0-57934424.pth");
    let Ok(weights) = fs::canonicalize(&weights) else {
        println!("skipped: {} is not there", weights.display());
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let text = TINY.replace("title = \"Tiny\"", "title = \"ResNet-50 on a phantom\"");
    fs::write(directory.path().join("tiny.toml"), text).unwrap();
    let named = format!("network.weights={}", weights.display());
    let sets = [
        "--set",
        "network.use=efficientnet-lite0",
        "--set",
        &named,
        "--set",
        "train.phases.0.epochs=1",
    ];
    let arguments = [&["run", "tiny.toml", "--device=cpu"][..], &sets].concat();
    let output = ichflow(directory.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let latest = directory.path().join("runs/tiny/latest");
    let card = fs::read_to_string(latest.join("model/README.md")).unwrap();
    let title = card.lines().next().unwrap();
    assert!(title.contains("efficientnet-lite0"), "{title}");
    assert!(card.contains("efficientnet-lite0-57934424.pth"), "{card}");
    let folder = weights.parent().unwrap().display().to_string();
    let home = directory.path().display().to_string();
    assert!(!card.contains(&folder) && !card.contains(&home), "{card}");
    // Whoever may read other files of the run may read the weights.
    let mode = |name: &str| fs::metadata(latest.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("model/weights.safetensors"), mode("model/bundle.json"));
    assert!(!latest.join("checkpoints/best.part").exists());
}
