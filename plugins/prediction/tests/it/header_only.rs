//! The baseline of headers beside a pipeline of scikit-learn's.
//!
//! `tests/reference/header_only.py` makes the fixture.

use std::sync::Arc;

use ichflow_api::data::scan::ScanNotes;
use ichflow_api::prelude::*;
use ichflow_api::testkit;
use ichflow_prediction::baselines::header_only::HeaderOnly;
use serde_json::Value;

/// One slice of a patient of its own, whose header says what a row does.
fn slice(id: String, row: &Value, labels: Option<Labels>) -> Slice {
    let number = |key: &str| row[key].as_f64().map(|value| value as f32);
    let text = |key: &str| row[key].as_str().unwrap().to_owned();
    let mut slice = testkit::slice(&id, &id, labels);
    slice.header.spacing_mm = number("spacing").map(|spacing| [spacing, 0.5]);
    slice.header.thickness_mm = number("thickness");
    slice.tags.window_center = number("center");
    slice.encoding.bits_stored = number("bits").unwrap() as u16;
    slice.scan = Arc::new(ScanNotes {
        kernel: text("kernel"),
        model: text("model"),
        sex: text("sex"),
        kvp: number("kvp"),
        age_years: number("age"),
        ..ScanNotes::default()
    });
    slice
}

#[test]
fn probabilities_are_scikit_learns_also_of_what_training_never_saw() {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/header_only.json")).unwrap();
    let rows = |key: &str| fixture[key].as_array().unwrap();
    let train = rows("train")
        .iter()
        .zip(rows("truth"))
        .enumerate()
        .map(|(index, (row, truth))| {
            let truth = truth.as_bool().unwrap();
            slice(
                format!("t{index}"),
                row,
                Some([truth, false, truth, false, false, false].into()),
            )
        });
    let valid = rows("valid").iter().enumerate();
    let valid = valid.map(|(index, row)| slice(format!("v{index}"), row, None));
    let slices: Vec<Slice> = train.chain(valid).collect();
    let of_slice = slices
        .iter()
        .map(|slice| {
            if slice.labels.is_some() {
                Fold::Train
            } else {
                Fold::Valid
            }
        })
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "header", HeaderOnly::NAME, "key");
    let stage = HeaderOnly {
        least: fixture["least"].as_u64().unwrap() as usize,
        l2: fixture["l2"].as_f64().unwrap(),
    };
    let inputs = Inputs::default()
        .with(input::COHORT, testkit::cohort(slices))
        .with(input::FOLDS, Folds { of_slice });
    let mut outputs = stage.run(&inputs, &context).unwrap();
    let found = outputs.take(output::HEADER_ONLY).unwrap();
    let expected = rows("probabilities");
    assert_eq!(found.probabilities.len(), expected.len());
    for (row, expected) in found.probabilities.iter().zip(expected) {
        let expected = expected.as_f64().unwrap();
        assert!((row[0] - expected).abs() < 1e-6, "{} {expected}", row[0]);
    }
    assert!(run.directory.join("predictions/header_only.csv").is_file());
    assert!(!run.directory.join("predictions/test_header_only.csv").exists());
}
