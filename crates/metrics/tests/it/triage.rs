//! Triage beside scipy's binomial distribution and crepes' conformal p values: `tests/reference/triage.py`.

use ichflow_metrics::*;
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/triage.json")).unwrap()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn p_values_and_numbers_of_cases_are_scipys() {
    for row in fixture()["binomial"].as_array().unwrap() {
        let (errors, cases) = (
            row[0].as_u64().unwrap() as usize,
            row[1].as_u64().unwrap() as usize,
        );
        let limit = ErrorLimit::new(row[2].as_f64().unwrap(), 0.1).unwrap();
        let expected = row[3].as_f64().unwrap();
        let found = limit.p_value(cases, errors);
        assert!((found - expected).abs() <= 1e-11 * expected, "{row}: {found}");
    }
    for row in fixture()["needed"].as_array().unwrap() {
        let limit = ErrorLimit::new(row[1].as_f64().unwrap(), row[2].as_f64().unwrap()).unwrap();
        let found = limit.cases_needed(row[0].as_u64().unwrap() as usize);
        assert_eq!(found as u64, row[3].as_u64().unwrap(), "{row}");
    }
}

#[test]
fn sequences_stop_where_scipy_stops() {
    let mut accepted = 0;
    for case in fixture()["cases"].as_array().unwrap() {
        let (truth, scores): (Vec<bool>, Vec<f64>) = (list(&case["truth"]), list(&case["scores"]));
        for sequence in case["sequences"].as_array().unwrap() {
            let of = |key: &str| sequence[key].as_f64().unwrap();
            let limit = ErrorLimit::new(of("alpha"), of("delta")).unwrap();
            let tested = match sequence["high"] == true {
                true => fixed_sequence_high(&truth, &scores, limit),
                false => fixed_sequence_low(&truth, &scores, limit),
            };
            let tested = tested.unwrap();
            let steps = sequence["steps"].as_array().unwrap();
            assert_eq!(tested.len(), steps.len(), "{} {sequence}", case["name"]);
            for (found, step) in tested.iter().zip(steps) {
                assert_eq!(found.cases as u64, step[0].as_u64().unwrap());
                assert_eq!(found.errors as u64, step[1].as_u64().unwrap());
                let p = step[2].as_f64().unwrap();
                assert!((found.p_value - p).abs() <= 1e-11 * p, "{found:?} {step}");
                assert_eq!(found.accepted, step[3] == true);
                accepted += usize::from(found.accepted);
            }
        }
    }
    assert!(accepted > 50, "{accepted}");
}

#[test]
fn conformal_p_values_are_crepes() {
    for case in fixture()["cases"].as_array().unwrap() {
        let (truth, scores): (Vec<bool>, Vec<f64>) = (list(&case["truth"]), list(&case["scores"]));
        let of = |key: &str| -> Vec<f64> { list(&case[key]) };
        for ((asked, positive), negative) in of("asked")
            .into_iter()
            .zip(of("positive_p"))
            .zip(of("negative_p"))
        {
            let found = mondrian_p(&truth, &scores, asked).unwrap();
            assert!(
                (found.positive - positive).abs() < 1e-12,
                "{asked}: {found:?} {positive}"
            );
            assert!(
                (found.negative - negative).abs() < 1e-12,
                "{asked}: {found:?} {negative}"
            );
        }
    }
}
