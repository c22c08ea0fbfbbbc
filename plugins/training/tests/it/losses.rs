//! Losses beside PyTorch's, value and gradient, to 1e-6, at logits up to ±80.
//!
//! `tests/reference/losses.py` makes the fixture.

use burn::tensor::TensorData;
use ichflow_api::prelude::*;
use ichflow_api::tensors::loss::LossFunction;
use ichflow_training::loss::asymmetric::Asymmetric;
use ichflow_training::loss::bce::Bce;
use ichflow_training::loss::focal::Focal;
use serde_json::Value;

fn floats(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

fn loss(case: &Value) -> Box<dyn LossFunction> {
    fn of<L: LossFunction + Stage>(params: &Value) -> Box<dyn LossFunction> {
        Box::new(serde_json::from_value::<L>(params.clone()).unwrap())
    }
    let params = &case["params"];
    match case["loss"].as_str().unwrap() {
        "bce" => of::<Bce>(params),
        "focal" => of::<Focal>(params),
        "asymmetric" => of::<Asymmetric>(params),
        other => panic!("{other}"),
    }
}

#[test]
fn values_and_gradients_are_pytorchs() {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/losses.json")).unwrap();
    let device = Device::flex().autodiff();
    let tensor = |key: &str| {
        let values: Vec<f32> = floats(&fixture[key]).iter().map(|v| *v as f32).collect();
        let shape = [values.len() / 6, 6];
        Tensor::<2>::from_data(TensorData::new(values, shape), &device)
    };
    for case in fixture["cases"].as_array().unwrap() {
        let logits = tensor("logits").require_grad();
        let value = loss(case).loss(
            logits.clone(),
            &Targets::new(tensor("truth"), &LabelSet::rsna(), true),
        );
        let expected = case["value"].as_f64().unwrap();
        let found = f64::from(value.clone().into_scalar::<f32>());
        // f32 has seven digits: a value of 10 is right to 1e-6 of itself.
        assert!(
            (found - expected).abs() < 1e-6 * expected.abs().max(1.0),
            "{}: {found} {expected}",
            case["params"]
        );
        let gradient = logits.grad(&value.backward()).unwrap().into_data();
        let gradient = gradient.try_to_vec::<f32>().unwrap();
        for (place, (found, expected)) in gradient.iter().zip(floats(&case["gradient"])).enumerate() {
            assert!(
                (f64::from(*found) - expected).abs() < 1e-6,
                "{} {}: gradient {place} is {found}, not {expected}",
                case["loss"],
                case["params"]
            );
        }
    }
}
