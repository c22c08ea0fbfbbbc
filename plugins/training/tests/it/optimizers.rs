//! Optimizers, clipping and averaging beside PyTorch's, weight by weight over twelve steps.
//!
//! `tests/reference/optimizers.py` makes the fixture.

use std::collections::HashMap;

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::TensorData;
use ichflow_api::prelude::*;
use ichflow_training::fit::{Average, Lr, Optimizer, Rate, Rule, Stepper, clip_norm, clip_value, norm};
use ichflow_training::kind::Kind;
use serde_json::{Value, json};

#[derive(Module, Debug)]
struct Two {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

fn floats(value: &Value) -> Vec<f32> {
    let values = value.as_array().unwrap().iter();
    values.map(|value| value.as_f64().unwrap() as f32).collect()
}

/// Twelve values of the matrix, four of the vector.
fn split(values: &[f32], device: &Device) -> (Tensor<2>, Tensor<1>) {
    (
        Tensor::from_data(TensorData::new(values[..12].to_vec(), [3, 4]), device),
        Tensor::from_data(TensorData::new(values[12..].to_vec(), [4]), device),
    )
}

fn flat(two: &Two) -> Vec<f32> {
    let weight = two.weight.val().into_data().try_to_vec::<f32>().unwrap();
    let bias = two.bias.val().into_data().try_to_vec::<f32>().unwrap();
    [weight, bias].concat()
}

/// A number of a case, or what PyTorch takes where there is none.
fn number(settings: &Value, key: &str, default: f64) -> f64 {
    settings[key].as_f64().unwrap_or(default)
}

/// The optimizer of a case, as a recipe would choose it.
fn optimizer(case: &Value) -> Kind<dyn Optimizer> {
    let settings = &case["settings"];
    let mut table = json!({"kind": case["method"]});
    if case["method"] == "sgd" {
        table["momentum"] = number(settings, "momentum", 0.0).into();
        table["nesterov"] = settings["nesterov"].as_bool().unwrap_or(false).into();
    } else {
        table["epsilon"] = number(settings, "eps", 1e-8).into();
        if settings["betas"].is_array() {
            table["betas"] = settings["betas"].clone();
        }
    }
    serde_json::from_value(table).unwrap()
}

fn stepper(case: &Value, two: &Two) -> Stepper {
    let settings = &case["settings"];
    let optimizer = optimizer(case).shared();
    let lr = number(settings, "lr", 0.0);
    let decay = number(settings, "weight_decay", 0.0);
    let rule = |of: &Value| Rule {
        optimizer: optimizer.clone(),
        lr: Lr::Times(number(of, "lr", lr) / lr),
        decay: number(of, "weight_decay", decay),
    };
    Stepper::new(HashMap::from([
        (two.weight.id, rule(&Value::Null)),
        (two.bias.id, rule(&settings["bias"])),
    ]))
}

#[test]
fn every_step_is_pytorchs() {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/optimizers.json")).unwrap();
    let device = Device::flex();
    for case in fixture["cases"].as_array().unwrap() {
        let settings = &case["settings"];
        let (weight, bias) = split(&floats(&fixture["start"]), &device.clone().autodiff());
        let mut two = Two {
            weight: Param::from_tensor(weight),
            bias: Param::from_tensor(bias),
        };
        let mut average = settings["ema"]
            .as_f64()
            .map(|decay| Average::new(decay, two.valid()));
        let mut stepper = stepper(case, &two);
        let lr = number(settings, "lr", 0.0);
        let rate = Rate {
            lr,
            highest: lr,
            epoch: 1,
        };
        for (step, gradient) in fixture["gradients"].as_array().unwrap().iter().enumerate() {
            let (weight, bias) = split(&floats(gradient), &device);
            let mut gradients = GradientsParams::new();
            gradients.register(two.weight.id, weight);
            gradients.register(two.bias.id, bias);
            if let Some(limit) = settings["clip_value"].as_f64() {
                clip_value(&two, &mut gradients, limit);
            }
            let length = norm(&two, &gradients).unwrap();
            let found = f64::from(length.clone().into_scalar::<f32>());
            let expected = case["norms"][step].as_f64().unwrap();
            assert!((found / expected - 1.0).abs() < 1e-5, "{found} {expected}");
            if let Some(limit) = settings["clip_norm"].as_f64() {
                clip_norm(&two, &mut gradients, length, limit);
            }
            two = stepper.step(two, gradients, rate);
            assert!(two.weight.val().is_require_grad(), "it is on the tape again");
            average = average.map(|average| average.follow(&two.valid()));
            // A state that was written down and read back goes on alike.
            if step == 5 {
                let (steps, records) = (stepper.steps(), stepper.records(&two.valid()));
                stepper = self::stepper(case, &two);
                stepper.restore(steps, records, &two.valid()).unwrap();
            }
            let found = average
                .as_ref()
                .map_or_else(|| flat(&two), |average| flat(average.network()));
            for (found, expected) in found.iter().zip(floats(&case["weights"][step])) {
                assert!(
                    (found - expected).abs() < 4e-6,
                    "{} {settings}, step {step}: {found}, not {expected}",
                    case["method"]
                );
            }
        }
    }
}
