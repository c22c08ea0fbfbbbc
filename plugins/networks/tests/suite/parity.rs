//! Networks against timm's, with the same weights and images: features, logits, gradients, running
//! statistics. `--nocapture` shows the differences.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor};
use ichflow_api::prelude::*;
use ichflow_api::weights;
use ichflow_networks::efficientnet::{EfficientNetB0, EfficientNetLite0, Variant};
use serde_json::Value;

use crate::formula;
use crate::support::{each_parameter, fixture, published, spec, write_safetensors};

fn read(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixture(&format!("{name}.json"))).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// At most 200 values, evenly spaced, as in the script.
fn samples<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let values = flat(tensor);
    let step = values.len().div_ceil(200);
    values.into_iter().step_by(step).collect()
}

/// Sum and Euclidean length.
fn digest<const D: usize>(tensor: Tensor<D>) -> [f64; 2] {
    let values = flat(tensor);
    let squares: f64 = values.iter().map(|value| value * value).sum();
    [values.iter().sum(), squares.sqrt()]
}

fn max_difference(actual: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let differences = actual.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most, d| if d.is_nan() { f64::NAN } else { most.max(d) })
}

/// The network with weights by formula, through a file with timm's names and shapes.
fn by_formula(stage: &impl Stage, reference: &Value, device: &Device) -> Network {
    let tensors: Vec<_> = reference["tensors"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, shape)| {
            let shape: Vec<_> = numbers(shape).into_iter().map(|side| side as usize).collect();
            let values = formula::weight(name, &shape);
            (name.clone(), shape, values)
        })
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("formula.safetensors");
    write_safetensors(&path, &tensors);
    let network = spec(stage).build(3, 6, device).unwrap();
    weights::load_safetensors(network, &path).unwrap()
}

fn check_features(features: Tensor<4>, reference: &Value, what: &str) {
    let shape: Vec<_> = numbers(&reference["shape"]).iter().map(|&n| n as usize).collect();
    assert_eq!(features.dims().to_vec(), shape);
    let expected = numbers(&reference["features"]);
    let [sum, length] = digest(features.clone());
    let expected_samples = numbers(&reference["feature_samples"]);
    let largest = expected_samples
        .iter()
        .fold(1.0, |most: f64, value| most.max(value.abs()));
    let difference = max_difference(&samples(features), &expected_samples);
    println!(
        "{what}: features differ by {difference:.1e}, their length by {:.1e}",
        (length - expected[1]).abs()
    );
    assert!(difference < 1e-4 * largest, "{what}: {difference}");
    assert!((sum / expected[0] - 1.0).abs() < 1e-4, "{what}: {sum}");
    assert!((length / expected[1] - 1.0).abs() < 1e-4, "{what}: {length}");
}

fn evaluates_like_timm(stage: &impl Stage, name: &str) {
    let reference = read(name);
    let device = Device::flex();
    let network = by_formula(stage, &reference, &device);
    for (size, reference) in reference["eval"].as_object().unwrap() {
        let what = format!("{name} at {size} px");
        let images = formula::images(size.parse().unwrap(), &device);
        let features = network.backbone.features(images);
        check_features(features.clone(), reference, &what);
        let logits = flat(network.head.forward(features));
        let difference = max_difference(&logits, &numbers(&reference["logits"]));
        println!("{what}: logits differ by {difference:.1e}");
        assert!(difference < 1e-4, "{what}: {difference}");
    }
}

fn trains_like_timm(stage: &impl Stage, name: &str) {
    let reference = &read(name)["train"];
    let device = Device::flex().autodiff();
    // In float64: a value that rounding carries over a corner of ReLU6 switches its gradient on or off,
    // so that PyTorch itself in float32 is up to 8e-3 away from its float64.
    let network = by_formula(stage, &read(name), &device).map(&mut Double);
    let size = reference["size"].as_u64().unwrap() as usize;
    let logits = network.forward(formula::images(size, &device).cast(DType::F64));
    let difference = max_difference(&flat(logits.clone()), &numbers(&reference["logits"]));
    println!("{name}: logits in training differ by {difference:.1e}");
    assert!(difference < 1e-6, "{name}: {difference}");

    let gradients = logits.powi_scalar(2).mean().backward();
    let mut worst = [(0.0, String::new()), (0.0, String::new())];
    let mut seen = 0;
    // Only a validating copy shows the running statistics of the last forward pass.
    let after = network.valid();
    let mut running_statistics = std::collections::BTreeMap::new();
    each_parameter(&after, |path, parameter| {
        running_statistics.insert(path.to_owned(), parameter.flat);
    });
    each_parameter(&network, |path, parameter| {
        let running = path.contains("running_");
        let (kind, values) = if running {
            ("running", running_statistics[path].clone())
        } else {
            let gradient = (parameter.gradient)(&gradients);
            (
                "gradients",
                gradient.unwrap_or_else(|| panic!("{path} has no gradient")),
            )
        };
        let expected = numbers(&reference[kind][path]);
        let actual = digest(values);
        // Relative to the larger of the two numbers, as a sum may be near zero by cancellation. Some
        // gradients vanish (a shift that the next normalisation takes away): they have rounding only.
        let scale = expected[0].abs().max(expected[1]).max(0.1);
        let difference = max_difference(&actual, &expected) / scale;
        assert!(
            difference < 1e-6,
            "{kind} of {path}: {actual:?}, timm {expected:?}"
        );
        let worst = &mut worst[usize::from(running)];
        if difference > worst.0 {
            *worst = (difference, path.to_owned());
        }
        seen += 1;
    });
    let count = |kind: &str| reference[kind].as_object().unwrap().len();
    assert_eq!(seen, count("gradients") + count("running"));
    println!(
        "{name}: gradients differ by up to {:.1e} ({})",
        worst[0].0, worst[0].1
    );
    println!(
        "{name}: running statistics differ by up to {:.1e} ({})",
        worst[1].0, worst[1].1
    );
}

/// Makes every parameter float64.
struct Double;

impl ModuleMapper for Double {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = param.val();
        // Through data: a cast would be part of the graph, and a parameter has to begin one.
        let data = value.to_data().convert_dtype(DType::F64);
        let double = Tensor::from_data(data, (&value.device(), DType::F64));
        Param::initialized(param.id, double.require_grad())
    }
}

/// Without dropout, so that training is the same on both sides.
fn b0(variant: Variant) -> EfficientNetB0 {
    EfficientNetB0 {
        variant,
        dropout: 0.0,
        ..Default::default()
    }
}

fn lite0() -> EfficientNetLite0 {
    EfficientNetLite0 {
        dropout: 0.0,
        ..Default::default()
    }
}

#[test]
fn b0_evaluates_like_timm() {
    evaluates_like_timm(&b0(Variant::Timm), "efficientnet_b0");
}

#[test]
fn b0_trains_like_timm() {
    trains_like_timm(&b0(Variant::Timm), "efficientnet_b0");
}

#[test]
fn b0_tf_evaluates_like_timm() {
    evaluates_like_timm(&b0(Variant::Tf), "tf_efficientnet_b0");
}

#[test]
fn b0_tf_trains_like_timm() {
    trains_like_timm(&b0(Variant::Tf), "tf_efficientnet_b0");
}

#[test]
fn lite0_evaluates_like_timm() {
    evaluates_like_timm(&lite0(), "tf_efficientnet_lite0");
}

#[test]
fn lite0_trains_like_timm() {
    trains_like_timm(&lite0(), "tf_efficientnet_lite0");
}

#[test]
fn lite0_with_published_weights_gives_timms_features() {
    let name = "efficientnet-lite0-57934424";
    let Some(path) = published(&format!("{name}.pth")) else {
        return;
    };
    let reference = read(name);
    let spec = spec(&EfficientNetLite0 {
        weights: Some(path),
        ..lite0()
    });
    let device = Device::flex();
    let network = spec.build(3, 6, &device).unwrap();
    let size = reference["size"].as_u64().unwrap() as usize;
    let images = spec.normalisation().apply(formula::images(size, &device));
    check_features(network.backbone.features(images), &reference, name);
}

#[test]
fn parameters_are_as_many_as_published() {
    let device = Device::flex();
    let count = |stage: &dyn Fn() -> NetworkSpec| {
        let network = stage().build(3, 1000, &device).unwrap();
        let mut count = 0;
        each_parameter(&network, |path, parameter| {
            if !path.contains("running_") {
                count += parameter.flat.dims()[0];
            }
        });
        count
    };
    assert_eq!(count(&|| spec(&b0(Variant::Timm))), 5_288_548);
    assert_eq!(count(&|| spec(&lite0())), 4_652_008);
    for (name, published) in [
        ("efficientnet_b0", 5_288_548),
        ("tf_efficientnet_lite0", 4_652_008),
    ] {
        assert_eq!(read(name)["parameters_with_1000_classes"], published);
    }
}
