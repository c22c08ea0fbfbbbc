//! The statistics beside other people's: pROC, N. Obuchowski's program, scipy, statsmodels, scikit-learn, dcurves.
//!
//! `tests/reference/statistics.py` makes the fixture.

use ichflow_metrics::*;
use serde_json::Value;

const LEVEL: Confidence = Confidence::PERCENT_95;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/statistics.json")).unwrap()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

fn near(found: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1e-3),
        "{what}: {found} {expected}"
    );
}

/// Cases of the fixture: two models' probabilities, and patients of whom some have several cases.
struct Case {
    name: String,
    truth: Vec<bool>,
    first: Vec<f64>,
    second: Vec<f64>,
    patient: Vec<usize>,
    expected: Value,
}

fn cases() -> Vec<Case> {
    let of = |case: &Value| Case {
        name: case["name"].as_str().unwrap().into(),
        truth: list(&case["truth"]),
        first: list(&case["first"]),
        second: list(&case["second"]),
        patient: list(&case["patient"]),
        expected: case.clone(),
    };
    fixture()["cases"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn delong_is_procs() {
    for case in cases() {
        let r = &case.expected["r"];
        let alone: Vec<usize> = (0..case.truth.len()).collect();
        let first = auroc_delong(&case.truth, &case.first, &alone).unwrap();
        near(first.auroc, &r["first_auroc"], 1e-12, &case.name);
        near(first.variance, &r["delong_variance"], 1e-11, &case.name);
        let interval = first.wald_interval(LEVEL).unwrap();
        near(interval.low, &r["delong_low"], 1e-11, &case.name);
        near(interval.high, &r["delong_high"], 1e-11, &case.name);
        let both = auroc_difference_delong(&case.truth, &case.first, &case.second, &alone).unwrap();
        assert_eq!(both.first, first);
        near(both.second.auroc, &r["second_auroc"], 1e-12, &case.name);
        near(both.covariance, &r["delong_covariance"], 1e-11, &case.name);
        near(both.z().unwrap(), &r["delong_z"], 1e-10, &case.name);
        near(both.p_value().unwrap(), &r["delong_p"], 1e-9, &case.name);
    }
}

#[test]
fn clustered_areas_are_obuchowskis() {
    let mut several = 0;
    for case in cases() {
        let r = &case.expected["r"];
        let first = auroc_clustered(&case.truth, &case.first, &case.patient).unwrap();
        near(first.variance, &r["clustered_variance"], 1e-11, &case.name);
        let both = auroc_difference_clustered(&case.truth, &case.first, &case.second, &case.patient).unwrap();
        let expected = r["clustered_difference_variance"].as_f64().unwrap();
        assert!((both.standard_error().powi(2) - expected).abs() < 1e-11 * expected);
        let refused = auroc_delong(&case.truth, &case.first, &case.patient);
        if case.name != "one case a patient" {
            assert!(
                matches!(refused, Err(MetricsError::Clustered { .. })),
                "{}",
                case.name
            );
            several += 1;
        }
    }
    assert_eq!(several, 3);
}

#[test]
fn partial_areas_are_scikit_learns() {
    for case in cases() {
        for (rate, expected) in case.expected["partial"].as_object().unwrap() {
            let found = partial_auroc(&case.truth, &case.first, rate.parse().unwrap()).unwrap();
            near(found.standardised, expected, 1e-12, &case.name);
        }
    }
}

#[test]
fn recalibration_is_statsmodels() {
    for case in cases() {
        let expected = &case.expected["calibration"];
        let line = calibration_line(&case.truth, &case.first, &case.patient, 1e-9).unwrap();
        let large = calibration_in_the_large(&case.truth, &case.first, &case.patient, 1e-9).unwrap();
        for (which, found) in [
            ("intercept", line.intercept),
            ("slope", line.slope),
            ("in_the_large", large),
        ] {
            near(found.value, &expected[which], 1e-9, &case.name);
            near(
                found.standard_error,
                &expected[format!("{which}_error")],
                1e-9,
                &case.name,
            );
        }
        near(line.perfect_p, &expected["perfect_p"], 1e-7, &case.name);
    }
}

#[test]
fn the_calibration_curve_is_rs_natural_spline() {
    let mut curves = 0;
    for case in cases() {
        let r = &case.expected["r"];
        if r["ici"].is_null() {
            continue;
        }
        let found = CalibrationCurve::fit(&case.truth, &case.first, 1e-9)
            .unwrap()
            .errors();
        near(found.ici, &r["ici"], 1e-8, &case.name);
        near(found.e50, &r["e50"], 1e-8, &case.name);
        near(found.e90, &r["e90"], 1e-8, &case.name);
        near(found.e_max, &r["e_max"], 1e-8, &case.name);
        curves += 1;
    }
    assert_eq!(curves, 4);
}

#[test]
fn the_decomposition_is_that_of_scikit_learns_isotonic_regression() {
    for case in cases() {
        let expected = &case.expected["calibration"];
        let found = score_decomposition(&case.truth, &case.first).unwrap();
        near(
            found.miscalibration,
            &expected["miscalibration"],
            1e-10,
            &case.name,
        );
        near(
            found.discrimination,
            &expected["discrimination"],
            1e-10,
            &case.name,
        );
        near(found.uncertainty, &expected["uncertainty"], 1e-12, &case.name);
    }
}

#[test]
fn net_benefit_is_dcurves() {
    for case in cases() {
        let expected = &case.expected["net_benefit"];
        let thresholds: Vec<f64> = list(&expected["thresholds"]);
        for (which, prevalence) in [("own", None), ("at_5_percent", Some(0.05))] {
            let found = decision_curve(&case.truth, &case.first, &thresholds, prevalence).unwrap();
            for (point, found) in found.iter().enumerate() {
                near(found.model, &expected[which]["model"][point], 1e-10, &case.name);
                near(found.treat_all, &expected[which]["all"][point], 1e-10, &case.name);
            }
        }
    }
}

#[test]
fn exact_and_wilson_intervals_are_scipys() {
    for row in fixture()["proportions"].as_array().unwrap() {
        let [part, of] = ["successes", "trials"].map(|key| row[key].as_u64().unwrap() as usize);
        let share = Proportion::new(part, of).unwrap();
        for level in ["0.9", "0.95", "0.99"] {
            let confidence = Confidence::new(level.parse().unwrap()).unwrap();
            let (exact, wilson) = (share.clopper_pearson(confidence), share.wilson(confidence));
            let expected = &row[level];
            for (end, found) in [exact.low, exact.high, wilson.low, wilson.high]
                .into_iter()
                .enumerate()
            {
                let expected = expected[end].as_f64().unwrap();
                // scipy looks for its exact ends to 2e-12.
                assert!(
                    (found - expected).abs() < 1e-11,
                    "{part} of {of}: {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn mcnemar_is_statsmodels() {
    for row in fixture()["mcnemar"].as_array().unwrap() {
        let [first, second] = ["first_only", "second_only"].map(|key| row[key].as_u64().unwrap() as usize);
        let found = McNemar::from_counts(first, second);
        near(found.exact, &row["exact"], 1e-12, "exact");
        near(found.mid_p, &row["mid_p"], 1e-11, "mid-p");
    }
}

#[test]
fn likelihood_ratios_are_scipys_relative_risks() {
    for row in fixture()["likelihood_ratios"].as_array().unwrap() {
        let [tp, fp, fn_, tn]: [usize; 4] = list(&row["counts"]).try_into().unwrap();
        let counts = Confusion {
            true_positives: tp,
            false_positives: fp,
            false_negatives: fn_,
            true_negatives: tn,
        };
        let found = likelihood_ratios(&counts, LEVEL);
        for (which, found) in [("positive", found.positive), ("negative", found.negative)] {
            let (found, expected) = (found.unwrap(), &row[which]);
            let interval = found.interval.unwrap();
            near(found.value, &expected[0], 1e-12, which);
            near(interval.low, &expected[1], 1e-11, which);
            near(interval.high, &expected[2], 1e-11, which);
        }
    }
}

#[test]
fn corrections_for_many_tests_are_statsmodels() {
    let fixture = &fixture()["many"];
    let p: Vec<f64> = list(&fixture["p"]);
    for (which, found) in [("holm", holm(&p)), ("benjamini_hochberg", benjamini_hochberg(&p))] {
        for (found, expected) in found.unwrap().iter().zip(list::<f64>(&fixture[which])) {
            assert!((found - expected).abs() < 1e-14, "{which}: {found} {expected}");
        }
    }
}
