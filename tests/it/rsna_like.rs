//! The competition's recipe on real slices in the competition's shape, where they stand beside the repository.

use std::collections::{BTreeMap, BTreeSet};
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

fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .skip(1)
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_competitions_recipe_goes_through() {
    let Some(data) = data() else { return };
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/b0_bsb.toml");
    let directory = tempfile::tempdir().unwrap();
    let output = ichflow(
        directory.path(),
        &[
            "run",
            &recipe.display().to_string(),
            "--device=cpu",
            &format!("--set=vars.data={}", data.display()),
            "--set=store.size=64",
            "--set=resize.size=64",
            "--set=split.valid=0.25",
            "--set=network.use=small-cnn",
            "--set=train.phases=[{ epochs = 6, lr = 1e-3 }]",
            "--set=train.batch=16",
        ],
    );
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}\n{}",
        stdout(&output),
        stderr(&output)
    );
    assert!(
        stderr(&output).contains("2 images are listed twice"),
        "{}",
        stderr(&output)
    );
    let latest = directory.path().join("runs/b0_bsb/latest");

    assert_eq!(rows(&latest.join("quarantine.csv")).len(), 1);

    // Label counts are the CSV's, without repeated rows and without the slice that cannot be read.
    let bad = rows(&latest.join("quarantine.csv"))[0][0].clone();
    let mut of_csv: BTreeMap<String, u32> = BTreeMap::new();
    let labels: BTreeMap<String, String> = rows(&data.join("stage_2_train.csv"))
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .filter(|(id, _)| !id.starts_with(&bad))
        .collect();
    for (id, label) in &labels {
        *of_csv
            .entry(id.rsplit('_').next().unwrap().to_owned())
            .or_default() += label.parse::<u32>().unwrap();
    }
    let cohort: Vec<Vec<String>> = rows(&latest.join("cohort.csv"));
    let names = [
        "any",
        "epidural",
        "intraparenchymal",
        "intraventricular",
        "subarachnoid",
        "subdural",
    ];
    for (index, name) in names.iter().enumerate() {
        let count = cohort
            .iter()
            .filter(|row| row[1] == "train" && row[10 + index] == "1")
            .count();
        assert_eq!(count as u32, of_csv[*name], "{name}");
    }

    let patient: BTreeMap<&str, &str> = cohort
        .iter()
        .map(|row| (row[0].as_str(), row[4].as_str()))
        .collect();
    let folds = rows(&latest.join("folds.csv"));
    let patients = |fold: &str| -> BTreeSet<&str> {
        folds
            .iter()
            .filter(|row| row[1] == fold)
            .map(|row| patient[row[0].as_str()])
            .collect()
    };
    assert!(patients("train").is_disjoint(&patients("valid")));

    let ids = |path: &Path| {
        rows(path)
            .into_iter()
            .map(|row| row[0].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(&latest.join("submission.csv")),
        ids(&data.join("stage_2_sample_submission.csv"))
    );

    let losses: Vec<f64> = rows(&latest.join("history.csv"))
        .iter()
        .map(|row| row[3].parse().unwrap())
        .collect();
    assert!(losses.last() < losses.first(), "training loss falls: {losses:?}");
}
