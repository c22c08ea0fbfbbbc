//! Labels that are wrong are found out of fold, decided in the CSV, and right again when they are read back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{TINY, ichflow, stderr, stdout};

/// A cohort in the form of the competition, one label, three folds of a model without a network, put together.
const FOLDS: &str = r#"
[store]
use = "hu-store"
size = 32

[split]
use = "multilabel-stratified"
fold = 0
of = 3

[member]
use = "histogram-logistic"

[split_1]
use = "multilabel-stratified"
fold = 1
of = 3

[member_1]
use = "histogram-logistic"

[split_2]
use = "multilabel-stratified"
fold = 2
of = 3

[member_2]
use = "histogram-logistic"

[together]
use = "ensemble"
members = 3
valid = "member.valid"
valid_2 = "member_1.valid"
valid_3 = "member_2.valid"
with_test = false

[review]
use = "label-review"
shown = 6
image_size = 64
"#;

const PHANTOM: &str = "[load]\nuse = \"phantom\"\npatients = 36\ntest_patients = 1\nslices = 10\nsize = 64\n";

/// Runs a loader and what follows it; gives the run's directory and what it said.
fn run(directory: &Path, name: &str, load: &str, rest: &str) -> (PathBuf, String) {
    let output = try_run(directory, name, load, rest);
    let said = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    (directory.join(format!("runs/{name}/latest")), said)
}

fn try_run(directory: &Path, name: &str, load: &str, rest: &str) -> std::process::Output {
    let text =
        format!("ichflow = 1\ntitle = \"Doubts\"\nseed = 3\n\n[labels]\nnames = [\"any\"]\n\n{load}{rest}");
    fs::write(directory.join(format!("{name}.toml")), text).unwrap();
    ichflow(directory, &["run", &format!("{name}.toml"), "--device=cpu"])
}

/// Rows of a CSV as maps by column.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// The label `any` of every training slice, by its id.
fn labels(run: &Path) -> BTreeMap<String, bool> {
    let rows = rows(&run.join("cohort.csv")).into_iter();
    rows.filter(|row| row["part"] == "train")
        .map(|row| (row["id"].clone(), row["any"] == "1"))
        .collect()
}

/// The competition's table with `any` flipped of some images.
fn flipped_table(original: &Path, flipped: &BTreeSet<String>) -> String {
    let text = fs::read_to_string(original).unwrap();
    let line = |line: &str| {
        let image = line.strip_suffix("_any,1").or(line.strip_suffix("_any,0"));
        match image.filter(|image| flipped.contains(*image)) {
            Some(image) => format!("{image}_any,{}\n", if line.ends_with('1') { 0 } else { 1 }),
            None => format!("{line}\n"),
        }
    };
    text.lines().map(line).collect()
}

#[test]
fn planted_errors_are_listed_and_corrected() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let (clean, _) = run(directory.path(), "clean", PHANTOM, FOLDS);
    let truth = labels(&clean);

    // Errors are planted where the model was right and sure: among these every one must be found.
    let mut sure: Vec<(f64, String)> = rows(&clean.join("predictions/valid.csv"))
        .into_iter()
        .filter_map(|row| {
            let p: f64 = row["any"].parse().unwrap();
            let of_truth = if *truth.get(&row["id"])? { p } else { 1.0 - p };
            Some((of_truth, row["id"].clone()))
        })
        .collect();
    sure.sort_by(|a, b| b.0.total_cmp(&a.0));
    let of_class = |positive: bool| -> Vec<String> {
        let of_class = sure.iter().filter(|(_, id)| truth[id] == positive);
        of_class.take(5).map(|(_, id)| id.clone()).collect()
    };
    let planted: BTreeSet<String> = of_class(true).into_iter().chain(of_class(false)).collect();
    assert_eq!(planted.len(), 10);
    let images = PathBuf::from(&rows(&clean.join("cohort.csv"))[0]["file"]);
    let images = at("").join(images.parent().unwrap());
    let table = flipped_table(&images.parent().unwrap().join("stage_2_train.csv"), &planted);
    fs::write(at("flipped.csv"), table).unwrap();
    let rsna = format!(
        "[load]\nuse = \"rsna\"\nlabels = \"flipped.csv\"\nimages = {:?}\n",
        images.display().to_string()
    );
    let (flipped, said) = run(directory.path(), "flipped", &rsna, FOLDS);
    assert!(
        said.contains("value_column = \"decision\", corrects = true"),
        "{said}"
    );
    let wrong = |labels: &BTreeMap<String, bool>| -> BTreeSet<String> {
        let wrong = labels.iter().filter(|(id, positive)| truth[*id] != **positive);
        wrong.map(|(id, _)| id.clone()).collect()
    };
    assert_eq!(wrong(&labels(&flipped)), planted);

    let listed = rows(&flipped.join("label_review.csv"));
    let names: BTreeSet<String> = listed.iter().map(|row| row["sop_instance_uid"].clone()).collect();
    assert!(planted.is_subset(&names), "{planted:?} {names:?}");
    for (place, row) in listed.iter().enumerate() {
        assert_eq!(row["row"], (place + 1).to_string());
        assert_eq!((row["decision"].as_str(), row["label"].as_str()), ("", "any"));
        assert_ne!(row["given"], row["suggested"]);
    }
    // The list is short, and rich in errors beside what is not listed.
    assert!(
        listed.len() < truth.len() / 4,
        "{} of {}",
        listed.len(),
        truth.len()
    );
    let review: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(flipped.join("label_review.json")).unwrap()).unwrap();
    assert_eq!(review["rows"], listed.len());
    let estimated = review["labels"][0]["found"]["estimated_errors"].as_f64().unwrap();
    assert!(estimated >= 8.0, "{estimated}");
    let page = fs::read_to_string(flipped.join("label_review.html")).unwrap();
    assert!(
        page.contains(&format!("value=\"{estimated}\"")),
        "the page shows what the file holds"
    );
    assert_eq!(page.matches("<article ").count(), names.len().min(6));
    assert!(page.contains("alt=\"The slice before") && !page.contains("<script"));
    let patient = &rows(&flipped.join("cohort.csv"))[0]["patient"];
    assert!(!page.contains(patient.as_str()), "{patient} is named");

    // Read back as it is, it changes nothing.
    fs::copy(flipped.join("label_review.csv"), at("label_review.csv")).unwrap();
    let corrected = format!("{rsna}corrections = \"label_review.csv\"\n");
    let (undecided, said) = run(directory.path(), "undecided", &corrected, "");
    assert_eq!(labels(&undecided), labels(&flipped));
    assert!(said.contains("it corrects the labels of 0 images"), "{said}");

    // A reader who knows the truth decides every row.
    fill(&at("label_review.csv"), &|row| {
        if truth[&row["sop_instance_uid"]] {
            "1"
        } else {
            "no"
        }
        .to_owned()
    });
    let (right, said) = run(directory.path(), "right", &corrected, "");
    assert_eq!(labels(&right), truth);
    assert!(said.contains("it corrects the labels of 10 images"), "{said}");

    // The same file corrects tables of one's own.
    let wide: String =
        labels(&flipped)
            .iter()
            .fold("sop_instance_uid,any\n".to_owned(), |mut text, (id, any)| {
                let _ = writeln!(text, "{id},{}", u8::from(*any));
                text
            });
    fs::write(at("own.csv"), wide).unwrap();
    let line = said_line(&flipped);
    let own = format!(
        "[load]\nuse = \"table\"\npath = {:?}\nlabels = [\n  {{ csv = \"own.csv\", key = \"sop_instance_uid\" }},\n  {line},\n]\n",
        images.display().to_string()
    );
    let (own_right, said) = run(directory.path(), "own", &own, "");
    let of_file: BTreeMap<String, bool> = rows(&own_right.join("cohort.csv"))
        .into_iter()
        .map(|row| {
            let file = PathBuf::from(&row["file"]);
            (
                file.file_stem().unwrap().to_string_lossy().into_owned(),
                row["any"] == "1",
            )
        })
        .collect();
    assert_eq!(of_file, truth);
    assert!(said.contains("it corrects the labels of 10 slices"), "{said}");

    // A word that is neither yes nor no stops both loaders, with its line.
    fill(&at("label_review.csv"), &|row| {
        if row["row"] == "2" { "maybe" } else { "" }.to_owned()
    });
    for (name, load) in [("wrong", &corrected), ("wrong_own", &own)] {
        let output = try_run(directory.path(), name, load, "");
        assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
        let said = stderr(&output);
        assert!(said.contains("line 3: `maybe` is no value of a label"), "{said}");
    }
}

/// The line of a recipe that the page shows.
fn said_line(run: &Path) -> String {
    let page = fs::read_to_string(run.join("label_review.html")).unwrap();
    let (_, rest) = page.split_once("<code>{ csv").unwrap();
    let (line, _) = rest.split_once("</code>").unwrap();
    format!("{{ csv{}", line.replace("&#34;", "\"").replace("&quot;", "\""))
}

/// Fills in decisions.
fn fill(path: &Path, decide: &dyn Fn(&BTreeMap<String, String>) -> String) {
    let head: Vec<String> = {
        let mut reader = csv::Reader::from_path(path).unwrap();
        reader.headers().unwrap().iter().map(str::to_owned).collect()
    };
    let decided = rows(path);
    let mut writer = csv::Writer::from_path(path).unwrap();
    writer.write_record(&head).unwrap();
    for mut row in decided {
        let decision = decide(&row);
        row.insert("decision".into(), decision);
        writer
            .write_record(head.iter().map(|column| &row[column]))
            .unwrap();
    }
    writer.flush().unwrap();
}

#[test]
fn slices_that_the_network_was_trained_on_are_not_reviewed() {
    let directory = tempfile::tempdir().unwrap();
    // Another split than the one the network was trained with.
    let more = "\n[other]\nuse = \"multilabel-stratified\"\nvalid = 0.5\n\n[again]\nuse = \"predict\"\nfolds = \
                \"other.folds\"\n\n[review]\nuse = \"label-review\"\nvalid = \"again.valid\"\n";
    fs::write(directory.path().join("tiny.toml"), TINY.to_owned() + more).unwrap();
    let output = ichflow(directory.path(), &["run", "tiny.toml", "--device=cpu"]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let said = stderr(&output);
    assert!(
        said.contains("are some that the network was trained on"),
        "{said}"
    );
}

#[test]
fn a_checklist_stands_beside_the_report() {
    let directory = tempfile::tempdir().unwrap();
    let text = TINY.replace(
        "use = \"metrics-report\"",
        "use = \"metrics-report\"\nchecklist = \"both\"",
    );
    fs::write(directory.path().join("tiny.toml"), text).unwrap();
    let output = ichflow(directory.path(), &["run", "tiny.toml", "--device=cpu"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let latest = directory.path().join("runs/tiny/latest");
    let read = |name: &str| fs::read_to_string(latest.join(name)).unwrap();
    let json = |name: &str| serde_json::from_str::<serde_json::Value>(&read(name)).unwrap();
    let (metrics, provenance, report) = (json("metrics.json"), json("provenance.json"), read("report.html"));
    let recipe: toml::Table = read("recipe.resolved.toml").parse().unwrap();
    for (name, items) in [("checklist_claim_2024.md", 44), ("checklist_tripod_ai.md", 52)] {
        let text = read(name);
        assert_eq!(text.matches("\n### ").count(), items, "{name}");
        assert!(
            text.contains("there are no patients") && text.contains("No external test in this run"),
            "{name}"
        );
        // Every place that it names is there.
        let mut places = 0;
        for line in text
            .lines()
            .filter(|line| line.starts_with("- ") && line.ends_with(']'))
        {
            let (_, named) = line.rsplit_once(" [`").unwrap();
            for place in named.trim_end_matches(']').split("; ") {
                let words: Vec<&str> = place
                    .split('`')
                    .filter(|word| !word.trim_matches([' ', ':']).is_empty())
                    .collect();
                let found = match words.as_slice() {
                    ["recipe.resolved.toml", key] => {
                        let mut keys = key.trim_matches(['[', ']']).split('.');
                        let table = keys.next().and_then(|stage| recipe.get(stage));
                        keys.fold(table, |value, key| value?.get(key)).is_some()
                    }
                    ["metrics.json", key] => {
                        metrics.pointer(&format!("/{}", key.replace('.', "/"))).is_some()
                    }
                    ["provenance.json", key] => provenance.get(key).is_some(),
                    [file] => match file.split_once('#') {
                        Some(("report.html", section)) => report.contains(&format!("id=\"{section}\"")),
                        _ => latest.join(file).exists(),
                    },
                    _ => false,
                };
                assert!(found, "{name}: {place}: {line}");
                places += 1;
            }
        }
        assert!(places > 40, "{name}: {places}");
    }
}
