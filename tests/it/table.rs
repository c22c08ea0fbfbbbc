//! Labels of one's own: the same slices under other names give the same numbers, whatever names them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{ichflow, stderr, stdout};

/// The data, or nothing where it is absent.
fn data() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/rsna_like");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// What follows the loader: numbers without a network.
const REST: &str = r#"
[store]
use = "hu-store"
size = 32

[split]
use = "multilabel-stratified"
valid = 0.3

[histogram]
use = "histogram-logistic"

[score]
use = "evaluate"
"#;

/// The labels in the order of the columns of a run's cohort.
const LABELS: [&str; 6] = [
    "any",
    "epidural",
    "intraparenchymal",
    "intraventricular",
    "subarachnoid",
    "subdural",
];

/// A slice of the reference run.
struct Row {
    id: String,
    file: PathBuf,
    patient: String,
    labels: Vec<String>,
}

fn rows(cohort: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(cohort).unwrap();
    let names = reader.headers().unwrap().clone();
    let column = |name: &str| names.iter().position(|known| known == name).unwrap();
    let records = reader.records().map(Result::unwrap);
    let row = |record: csv::StringRecord| Row {
        id: record[column("id")].to_owned(),
        file: PathBuf::from(&record[column("file")]),
        patient: record[column("patient")].to_owned(),
        labels: LABELS
            .iter()
            .map(|label| record[column(label)].to_owned())
            .collect(),
    };
    records.map(row).collect()
}

/// Runs a recipe made of a loader and the rest, and gives its metrics.
fn metrics(directory: &Path, name: &str, load: &str) -> serde_json::Value {
    let recipe = directory.join(format!("{name}.toml"));
    fs::write(
        &recipe,
        format!("ichflow = 1\ntitle = \"Same\"\nseed = 5\n{load}{REST}"),
    )
    .unwrap();
    let output = ichflow(directory, &["run", &format!("{name}.toml"), "--device=cpu"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}\n{}",
        stdout(&output),
        stderr(&output)
    );
    let path = directory.join(format!("runs/{name}/latest/metrics.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
}

/// Three copies of the slices, under other names each, with labels by path, by SOPInstanceUID and by patient.
struct Copies {
    directory: tempfile::TempDir,
    reference: serde_json::Value,
    slices: usize,
    patients: BTreeMap<String, bool>,
}

fn copies(data: &Path) -> Copies {
    let directory = tempfile::tempdir().unwrap();
    let at = |below: &str| directory.path().join(below);
    let reference = metrics(
        directory.path(),
        "rsna",
        &format!(
            "[load]\nuse = \"rsna\"\nlabels = {:?}\nimages = {:?}\n",
            data.join("stage_2_train.csv").display().to_string(),
            data.join("stage_2_train").display().to_string(),
        ),
    );
    let rows = rows(&at("runs/rsna/latest/cohort.csv"));
    let mut paths = format!("\u{feff}file;{};note\r\n", LABELS.join(";"));
    let mut instances = "SOPInstanceUID,finding,there\n".to_owned();
    let mut patients: BTreeMap<String, bool> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate().rev() {
        copy(&row.file, &at(&format!("paths/scan {number:04}.bin")));
        let _ = write!(paths, "scan {number:04}.bin;{};x\r\n", row.labels.join(";"));
        copy(
            &row.file,
            &at(&format!("instances/{}/{}/IM{number}", number % 7, number % 3)),
        );
        for (label, value) in ["ICH", "EDH", "IPH", "IVH", "SAH", "SDH"].iter().zip(&row.labels) {
            let _ = writeln!(
                instances,
                "{},{label},{}",
                row.id,
                if value == "1" { "yes" } else { "no" }
            );
        }
        copy(&row.file, &at(&format!("patients/{}/{number}.dcm", number % 4)));
        *patients.entry(row.patient.clone()).or_default() |= row.labels[0] == "1";
    }
    // An image without a label, and labels without an image.
    copy(&rows[0].file, &at("paths/more/unlabelled.bin"));
    paths += "scan 9999.bin;1;0;0;0;0;1;x\r\n;0;0;0;0;0;0;x\r\n";
    fs::write(at("paths/labels.csv"), paths).unwrap();
    fs::write(at("instances/labels.csv"), instances).unwrap();
    let by_patient: String = patients
        .iter()
        .map(|(patient, any)| format!("{patient}\t{}\n", u8::from(*any)))
        .collect();
    fs::write(at("patients/labels.tsv"), format!("PatientID\tICH\n{by_patient}")).unwrap();
    Copies {
        directory,
        reference,
        slices: rows.len(),
        patients,
    }
}

const BY_PATH: &str = r#"
[load]
use = "table"
path = "paths"
labels = [{ csv = "paths/labels.csv", key = "path" }]
"#;
const BY_INSTANCE: &str = r#"
[load]
use = "table"
path = "instances"
labels = [{ csv = "instances/labels.csv", key = "sop_instance_uid", label_column = "finding", value_column = "there", rename = { ICH = "any", EDH = "epidural", IPH = "intraparenchymal", IVH = "intraventricular", SAH = "subarachnoid", SDH = "subdural" } }]
"#;
const BY_PATIENT: &str = r#"
[labels]
names = ["any"]

[load]
use = "table"
path = "patients"
labels = [{ csv = "patients/labels.tsv", key = "patient_id", rename = { ICH = "any" } }]
"#;

#[test]
fn slices_under_other_names_give_the_same_numbers() {
    let Some(data) = data() else { return };
    let copies = copies(&data);
    let directory = copies.directory.path();
    assert_eq!(metrics(directory, "by_path", BY_PATH), copies.reference);
    assert_eq!(metrics(directory, "by_instance", BY_INSTANCE), copies.reference);

    let list = fs::read_to_string(directory.join("runs/by_path/latest/labels_unmatched.csv")).unwrap();
    assert!(
        list.contains("scan 9999.bin,nothing that can be used has that path"),
        "{list}"
    );
    assert!(list.contains("more__unlabelled.bin,no row names it"), "{list}");
    assert_eq!(list.lines().count(), 3, "{list}");
    assert!(
        !directory
            .join("runs/by_instance/latest/labels_unmatched.csv")
            .exists()
    );

    // What a run used is handed on, and gives the same again.
    let output = ichflow(
        directory,
        &["cohort", "export", "runs/by_path/latest", "--out", "handed"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let extended = "extends = \"handed/manifest.toml\"\n";
    assert_eq!(metrics(directory, "handed_on", extended), copies.reference);
    // A file that changed is not what was labelled.
    let changed = directory.join("paths/scan 0003.bin");
    let mut bytes = fs::read(&changed).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&changed, bytes).unwrap();
    metrics(directory, "changed", extended);
    let cohort = rows(&directory.join("runs/changed/latest/cohort.csv"));
    assert_eq!(cohort.len(), copies.slices - 1);
    let list = fs::read_to_string(directory.join("runs/changed/latest/labels_unmatched.csv")).unwrap();
    assert!(list.contains("by its SHA-256"), "{list}");
}

#[test]
fn labels_of_patients_hold_for_all_their_slices() {
    let Some(data) = data() else { return };
    let copies = copies(&data);
    let directory = copies.directory.path();
    fs::write(
        directory.join("by_patient.toml"),
        format!("ichflow = 1\n{BY_PATIENT}"),
    )
    .unwrap();
    let output = ichflow(directory, &["table", "inspect", "by_patient.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let seen: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(seen["level"], "patient");
    assert_eq!(seen["labelled"], copies.slices);
    assert_eq!(seen["tables"][0]["matched"], copies.patients.len());
    let counts = &seen["labels"]["any"];
    assert_eq!(counts["missing"], 0);
    assert_eq!(
        counts["positive"].as_u64().unwrap() + counts["negative"].as_u64().unwrap(),
        copies.slices as u64
    );
    for patient in copies.patients.keys() {
        assert!(!stdout(&output).contains(patient), "no patient is named");
    }
}

#[test]
fn a_directory_and_its_tables_are_looked_at_without_a_recipe() {
    let Some(data) = data() else { return };
    let copies = copies(&data);
    let directory = copies.directory.path();
    let output = ichflow(
        directory,
        &["table", "inspect", "paths", "paths/labels.csv", "--identify"],
    );
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output));
    let output = ichflow(
        directory,
        &["table", "inspect", "instances", "instances/labels.csv"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output));
    let output = ichflow(directory, &["table", "inspect", "nowhere.toml"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_recipe_is_written_for_a_directory_and_runs() {
    let Some(data) = data() else { return };
    let copies = copies(&data);
    let directory = copies.directory.path();
    fs::create_dir(directory.join("plain")).unwrap();
    for name in ["a", "b"] {
        copy(
            &directory.join("paths/scan 0001.bin"),
            &directory.join("plain").join(name),
        );
    }
    let competition = data.display().to_string();
    for (name, from, loader) in [
        ("of_paths", "paths", "use = \"table\""),
        ("of_instances", "instances", "use = \"table\""),
        ("of_patients", "patients", "use = \"table\""),
        ("of_competition", &competition, "use = \"rsna\""),
        ("of_plain", "plain", "use = \"dicom-dir\""),
    ] {
        let output = ichflow(directory, &["new", "recipe", name, "--from", from]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        let text = fs::read_to_string(directory.join(format!("{name}.toml"))).unwrap();
        assert!(text.contains(loader), "{text}");
        let file = format!("{name}.toml");
        let mut call = vec!["run", &file, "--device=cpu", "--set=store.size=32"];
        if loader != "use = \"dicom-dir\"" {
            call.extend([
                "--set=train.phases=[{ epochs = 1, lr = 1e-3 }]",
                "--set=augment.max_crop=2",
            ]);
        }
        let output = ichflow(directory, &call);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{name}: {text}\n{}",
            stderr(&output)
        );
    }
    let written = fs::read_to_string(directory.join("of_instances.toml")).unwrap();
    let head: Vec<&str> = written
        .lines()
        .take_while(|line| !line.starts_with("[store]"))
        .collect();
    insta::assert_snapshot!(head.join("\n"));
    let output = ichflow(
        directory,
        &["new", "recipe", "none", "--from", "runs/rsna/latest/checkpoints"],
    );
    assert_eq!(output.status.code(), Some(2));
}
