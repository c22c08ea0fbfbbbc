//! Likely label errors beside cleanlab's, and what holds of them whatever the data.
//!
//! `tests/reference/label_errors.py` makes the fixture.

use ichflow_metrics::LabelErrors;
use proptest::prelude::*;
use serde_json::Value;

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn likely_errors_are_cleanlabs() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/label_errors.json")).unwrap();
    let labels = fixture["labels"].as_array().unwrap();
    let together: Vec<Vec<usize>> = list(&fixture["together"]);
    for (label, mut together) in labels.iter().zip(together) {
        let name = &label["name"];
        let (given, probability): (Vec<bool>, Vec<f64>) =
            (list(&label["given"]), list(&label["probability"]));
        let found = LabelErrors::of(&given, &probability).unwrap();
        for (found, expected) in found
            .thresholds
            .iter()
            .zip(list::<[f64; 2]>(&label["thresholds"]))
        {
            assert!((found - expected).abs() < 1e-12, "{name}: {found} {expected}");
        }
        assert_eq!(
            found.confident,
            list::<[[usize; 2]; 2]>(&label["confident"]),
            "{name}"
        );
        let (joint, rounded): ([[f64; 2]; 2], [[f64; 2]; 2]) =
            (list(&label["joint"]), list(&label["joint_rounded"]));
        for (row, of_row) in found.joint.iter().enumerate() {
            for (column, count) in of_row.iter().enumerate() {
                assert!((count - joint[row][column]).abs() < 1e-9, "{name}: {count}");
                assert!((count - rounded[row][column]).abs() <= 1.0, "{name}: {count}");
            }
        }
        let mut doubted: Vec<usize> = found.doubted.iter().map(|one| one.case).collect();
        if name != "ties" {
            assert_eq!(
                doubted,
                list::<Vec<usize>>(&label["by_self_confidence"]),
                "{name}"
            );
            assert_eq!(doubted, list::<Vec<usize>>(&label["by_margin"]), "{name}");
        }
        // Cases of one probability may stand in any order, and labels asked for together are asked for one by one.
        doubted.sort_unstable();
        together.sort_unstable();
        let mut alone: Vec<usize> = list(&label["by_self_confidence"]);
        alone.sort_unstable();
        assert_eq!(doubted, alone, "{name}");
        assert_eq!(doubted, together, "{name}");
    }
}

proptest! {
    #[test]
    fn rows_of_the_joint_have_as_many_cases_as_were_given(
        cases in prop::collection::vec((any::<bool>(), 0.0..=1.0), 2..60),
    ) {
        let (given, probability): (Vec<bool>, Vec<f64>) = cases.into_iter().unzip();
        let positives = given.iter().filter(|positive| **positive).count();
        prop_assume!(positives > 0 && positives < given.len());
        let found = LabelErrors::of(&given, &probability).unwrap();
        let row = |class: usize| found.joint[class][0] + found.joint[class][1];
        prop_assert!((row(1) - positives as f64).abs() < 1e-9);
        prop_assert!((row(0) + row(1) - given.len() as f64).abs() < 1e-9);
        // A label that is doubted is never the likelier one, and the list is sorted.
        prop_assert!(found.doubted.iter().all(|one| one.self_confidence < 0.5 && given[one.case] == one.given));
        prop_assert!(found.doubted.is_sorted_by(|a, b| a.self_confidence <= b.self_confidence));
        // Yes and no are alike: the opposite of a label has the same errors.
        let (not_given, complement): (Vec<bool>, Vec<f64>) =
            given.iter().zip(&probability).map(|(given, p)| (!given, 1.0 - p)).unzip();
        let opposite = LabelErrors::of(&not_given, &complement).unwrap();
        prop_assert!((found.missed() - opposite.overcalled()).abs() < 1e-6 || has_ties(&probability, &found));
    }
}

/// Whether a probability lies on an edge, where rounding of `1 − p` decides.
fn has_ties(probability: &[f64], found: &LabelErrors) -> bool {
    let edges = [0.5, 1.0 - found.thresholds[0], found.thresholds[1]];
    probability
        .iter()
        .any(|p| edges.iter().any(|edge| (p - edge).abs() < 2e-6))
}
