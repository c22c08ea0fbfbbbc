//! Logistic regression beside scikit-learn's.
//!
//! `tests/reference/logistic.py` makes the fixture.

use ichflow_prediction::logistic::LogisticRegression;
use serde_json::Value;

fn floats(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

#[test]
fn weights_are_scikit_learns() {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/logistic.json")).unwrap();
    for case in fixture.as_array().unwrap() {
        let features: Vec<Vec<f64>> = case["features"].as_array().unwrap().iter().map(floats).collect();
        let truth: Vec<bool> = case["truth"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_bool().unwrap())
            .collect();
        let fitted = LogisticRegression::fit(&features, &truth, case["l2"].as_f64().unwrap()).unwrap();
        let expected = floats(&case["weights"]);
        assert!(
            (fitted.offset - case["offset"].as_f64().unwrap()).abs() < 1e-6,
            "{fitted:?}"
        );
        for (found, expected) in fitted.weights.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
