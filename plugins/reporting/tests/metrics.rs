//! The metrics beside scikit-learn's, to 1e-9: ties, one class, certainty.
//!
//! `tests/reference/metrics.py` makes the fixture.

use ichflow_api::labels::Labels;
use ichflow_api::metrics;
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/metrics.json")).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

fn bools(value: &Value) -> Vec<bool> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_bool().unwrap())
        .collect()
}

fn same(found: Option<f64>, expected: &Value, what: &str) {
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => {
            assert!((found - expected).abs() < 1e-9, "{what}: {found} {expected}")
        }
        (found, expected) => assert_eq!(found, expected, "{what}"),
    }
}

fn same_curve(found: Option<Vec<metrics::CurvePoint>>, expected: &Value, what: &str) {
    let Some(expected) = expected.as_array() else {
        assert!(found.is_none(), "{what}");
        return;
    };
    let found = found.unwrap();
    // scikit-learn stops a precision–recall curve where everything is found.
    assert!(found.len() >= expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let expected = floats(expected);
        assert!(
            (found.x - expected[0]).abs() < 1e-9 && (found.y - expected[1]).abs() < 1e-9,
            "{what}"
        );
    }
}

#[test]
fn one_label_at_a_time() {
    let fixture = fixture();
    let eps = fixture["eps"].as_f64().unwrap();
    for case in fixture["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (truth, scores) = (bools(&case["truth"]), floats(&case["scores"]));
        let say = |metric| format!("{metric} of {name}");
        same(
            metrics::label_log_loss(&truth, &scores, eps),
            &case["log_loss"],
            &say("log loss"),
        );
        same(
            metrics::accuracy(&truth, &scores, 0.5),
            &case["accuracy"],
            &say("accuracy"),
        );
        same(metrics::auc(&truth, &scores), &case["auc"], &say("AUC"));
        same(
            metrics::average_precision(&truth, &scores),
            &case["average_precision"],
            &say("average precision"),
        );
        same_curve(metrics::roc_curve(&truth, &scores), &case["roc"], &say("ROC"));
        same_curve(
            metrics::precision_recall_curve(&truth, &scores),
            &case["precision_recall"],
            &say("precision and recall"),
        );
    }
}

#[test]
fn all_labels_at_once() {
    let fixture = fixture();
    let eps = fixture["eps"].as_f64().unwrap();
    let weighted = &fixture["weighted"];
    let rows = |key: &str| weighted[key].as_array().unwrap().clone();
    let truth: Vec<Labels> = rows("truth")
        .iter()
        .map(|row| bools(row).try_into().unwrap())
        .collect();
    let probabilities: Vec<[f64; 6]> = rows("probabilities")
        .iter()
        .map(|row| floats(row).try_into().unwrap())
        .collect();
    same(
        metrics::weighted_log_loss(&truth, &probabilities, eps),
        &weighted["loss"],
        "weighted log loss",
    );
    let priors = metrics::priors(&truth).unwrap();
    assert_eq!(priors.to_vec(), floats(&weighted["priors"]));
    same(
        metrics::priors_log_loss(&truth, &priors, eps),
        &weighted["priors_loss"],
        "log loss of the priors",
    );
}
