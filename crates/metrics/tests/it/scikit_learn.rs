//! The metrics beside scikit-learn's, to 1e-9: ties, one class, certainty.
//!
//! `tests/reference/metrics.py` makes the fixture.

use ichflow_metrics as metrics;
use serde_json::Value;

/// Of the labels of the RSNA 2019 challenge.
const WEIGHTS: [f64; 6] = [2.0, 1.0, 1.0, 1.0, 1.0, 1.0];

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
        same(metrics::auroc(&truth, &scores), &case["auc"], &say("AUROC"));
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
fn thresholds_and_calibration() {
    for case in fixture()["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (truth, scores) = (bools(&case["truth"]), floats(&case["scores"]));
        same(metrics::brier(&truth, &scores), &case["brier"], name);
        for (bins, expected) in case["calibration_error"].as_object().unwrap() {
            let found = metrics::expected_calibration_error(&truth, &scores, bins.parse().unwrap());
            same(
                found,
                expected,
                &format!("calibration error of {name} in {bins} bins"),
            );
        }
        for (threshold, expected) in case["confusion"].as_object().unwrap() {
            let found = metrics::Confusion::at(&truth, &scores, threshold.parse().unwrap());
            let counts = [
                found.true_positives,
                found.false_positives,
                found.false_negatives,
                found.true_negatives,
            ];
            let counts = counts.map(|count| count as f64).to_vec();
            assert_eq!(counts, floats(&expected["counts"]), "{name} at {threshold}");
            same(
                found.f1(),
                &expected["f1"],
                &format!("F1 of {name} at {threshold}"),
            );
        }
        for (specificity, expected) in case["sensitivity_at"].as_object().into_iter().flatten() {
            let found = metrics::sensitivity_at_specificity(&truth, &scores, specificity.parse().unwrap());
            let what = format!("sensitivity of {name} at {specificity}");
            same(found.map(|point| point.sensitivity), expected, &what);
        }
    }
}

#[test]
fn the_order_of_slices_does_not_matter() {
    let fixture = fixture();
    for case in fixture["cases"].as_array().unwrap() {
        let (mut truth, mut scores) = (bools(&case["truth"]), floats(&case["scores"]));
        let all = |truth: &[bool], scores: &[f64]| {
            let point = metrics::sensitivity_at_specificity(truth, scores, 0.9);
            [
                metrics::auroc(truth, scores),
                metrics::average_precision(truth, scores),
                metrics::brier(truth, scores),
                metrics::expected_calibration_error(truth, scores, 10),
                metrics::label_log_loss(truth, scores, 1e-15),
                metrics::Confusion::at(truth, scores, 0.5).f1(),
                point.map(|point| point.sensitivity),
            ]
        };
        let forwards = all(&truth, &scores);
        truth.reverse();
        scores.reverse();
        for (one, other) in forwards.iter().zip(all(&truth, &scores)) {
            assert_eq!(one.is_some(), other.is_some());
            assert!((one.unwrap_or(0.0) - other.unwrap_or(0.0)).abs() < 1e-12);
        }
    }
}

#[test]
fn all_labels_at_once() {
    let fixture = fixture();
    let eps = fixture["eps"].as_f64().unwrap();
    let weighted = &fixture["weighted"];
    let rows = |key: &str| weighted[key].as_array().unwrap().clone();
    let truth: Vec<[bool; 6]> = rows("truth")
        .iter()
        .map(|row| bools(row).try_into().unwrap())
        .collect();
    let probabilities: Vec<[f64; 6]> = rows("probabilities")
        .iter()
        .map(|row| floats(row).try_into().unwrap())
        .collect();
    same(
        metrics::weighted_log_loss(&truth, &probabilities, &WEIGHTS, eps),
        &weighted["loss"],
        "weighted log loss",
    );
    let prevalence = metrics::prevalence(&truth, 6).unwrap();
    assert_eq!(prevalence, floats(&weighted["prevalence"]));
    same(
        metrics::prevalence_log_loss(&truth, &prevalence, &WEIGHTS, eps),
        &weighted["prevalence_loss"],
        "log loss of the prevalence baseline",
    );
}
