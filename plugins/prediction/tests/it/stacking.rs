//! Stacked ensembles beside scikit-learn's.
//!
//! `tests/reference/stacking.py` makes the fixture.

use ichflow_api::data::labels::Labels;
use ichflow_prediction::postprocess::ensemble::stacking::Stacking;
use serde_json::Value;

#[test]
fn combined_probabilities_are_scikit_learns() {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/stacking.json")).unwrap();
    for case in fixture.as_array().unwrap() {
        let rows: Vec<Vec<Vec<f64>>> = case["members"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let members = row.as_array().unwrap().iter();
                members.map(|p| vec![p.as_f64().unwrap(); 6]).collect()
            })
            .collect();
        let truth: Vec<Labels> = case["truth"]
            .as_array()
            .unwrap()
            .iter()
            .map(|positive| Labels::from([positive.as_bool().unwrap(); 6]))
            .collect();
        let (known, new) = rows.split_at(truth.len());
        let stack = Stacking::fit(known, &truth, case["l2"].as_f64().unwrap()).unwrap();
        for (row, expected) in new.iter().zip(case["combined"].as_array().unwrap()) {
            for found in stack.apply(row) {
                let expected = expected.as_f64().unwrap();
                assert!((found - expected).abs() < 1e-6, "{found} {expected}");
            }
        }
    }
}
