//! Calibration curves beside scikit-learn's.
//!
//! `tests/reference/calibration.py` makes the fixture.

use ichflow_prediction::postprocess::calibrate::isotonic_curve::IsotonicCurve;
use ichflow_prediction::postprocess::calibrate::sigmoid_curve::SigmoidCurve;
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
fn curves_are_scikit_learns() {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/calibration.json")).unwrap();
    for case in fixture.as_array().unwrap() {
        let said = floats(&case["said"]);
        let truth: Vec<bool> = case["truth"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_bool().unwrap())
            .collect();
        let platt = SigmoidCurve::fit(&said, &truth, true).unwrap();
        let temperature = SigmoidCurve::fit(&said, &truth, false).unwrap();
        let isotonic = IsotonicCurve::fit(&said, &truth);
        let same = |method: &str, curve: &dyn Fn(f64) -> f64, tolerance: f64| {
            for (at, expected) in floats(&case["at"]).iter().zip(floats(&case[method])) {
                let found = curve(*at);
                assert!(
                    (found - expected).abs() < tolerance,
                    "{method} of {} at {at}: {found} {expected}",
                    case["name"]
                );
            }
        };
        same("platt", &|p| platt.apply(p), 1e-6);
        same("temperature", &|p| temperature.apply(p), 1e-6);
        same("isotonic", &|p| isotonic.apply(p), 1e-9);
    }
}
