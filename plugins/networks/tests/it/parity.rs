//! Networks against timm's, with the same weights and images: features, logits, gradients, running
//! statistics. `--nocapture` shows the differences.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor};
use ichflow_api::nn::weights;
use ichflow_api::prelude::*;
use ichflow_networks::convnext::ConvNextTiny;
use ichflow_networks::densenet::DenseNet121;
use ichflow_networks::efficientnet::{
    EfficientNetB0, EfficientNetB1, EfficientNetB2, EfficientNetB3, EfficientNetB4, EfficientNetLite0,
    EfficientNetLite1, EfficientNetLite2, Variant,
};
use ichflow_networks::resnet::{ResNet18, ResNet34, ResNet50, ResNext50, SeResNext50};
use serde_json::Value;

use crate::formula;
use crate::numbers::{check_features, digest, flat, max_difference, numbers, read};
use crate::support::{calm_weight, each_parameter, names_and_shapes, spec, tensors, write_safetensors};

/// The network with weights by formula, through a file with its own names and shapes, which are timm's.
fn by_formula(stage: &impl Stage, reference: &Value, device: &Device) -> Network {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("formula.safetensors");
    let network = spec(stage).build(3, 6, device).unwrap();
    weights::save_safetensors(&network, &path).unwrap();
    let tensors = names_and_shapes(&path);
    assert_eq!(tensors.len() as u64, reference["tensors"].as_u64().unwrap());
    assert_eq!(
        fingerprint(&tensors),
        reference["names_and_shapes"],
        "{tensors:?}"
    );
    let tensors: Vec<_> = tensors
        .into_iter()
        .map(|(name, shape)| {
            let values = calm_weight(&name, &shape);
            (name, shape, values)
        })
        .collect();
    write_safetensors(&path, &tensors);
    weights::load_safetensors(network, &path).unwrap()
}

/// FNV-1a over names and shapes, as in the script.
fn fingerprint(tensors: &[(String, Vec<usize>)]) -> String {
    let lines: Vec<_> = tensors
        .iter()
        .map(|(name, shape)| {
            let sides: Vec<_> = shape.iter().map(usize::to_string).collect();
            format!("{name} {}", sides.join("x"))
        })
        .collect();
    let hash = lines
        .join("\n")
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
        });
    format!("{hash:016x}")
}

fn evaluates_like_timm(stage: &impl Stage, name: &str) {
    let reference = read(name);
    let device = Device::flex();
    let network = by_formula(stage, &reference, &device);
    for (size, reference) in reference["eval"].as_object().unwrap() {
        let what = format!("{name} at {size} px");
        let images = formula::images(size.parse().unwrap(), &device);
        let features = network.backbone.features(images, &ForwardContext::default());
        check_features(features.clone(), reference, &what);
        let logits = flat(network.head.forward(features, &ForwardContext::default()));
        let difference = max_difference(&logits, &numbers(&reference["logits"]));
        println!("{what}: logits differ by {difference:.1e}");
        assert!(difference < 1e-4, "{what}: {difference}");
    }
}

fn trains_like_timm(stage: &impl Stage, name: &str) {
    let reference = read(name);
    let device = Device::flex().autodiff();
    // In float64: a value that rounding carries over a corner of ReLU switches its gradient on or off, so that
    // PyTorch itself in float32 is up to 8e-3 away from its float64.
    let network = by_formula(stage, &reference, &device).map(&mut Double);
    let reference = &reference["train"];
    let size = reference["size"].as_u64().unwrap() as usize;
    let logits = network.forward(formula::images(size, &device).cast(DType::F64));
    let difference = max_difference(&flat(logits.clone()), &numbers(&reference["logits"]));
    println!("{name}: logits in training differ by {difference:.1e}");
    assert!(difference < 1e-6, "{name}: {difference}");

    let gradients = logits.powi_scalar(2).mean().backward();
    let mut actual = [BTreeMap::new(), BTreeMap::new()];
    each_parameter(&network, |path, parameter| {
        if !path.contains("running_") {
            let gradient = (parameter.gradient)(&gradients);
            let gradient = gradient.unwrap_or_else(|| panic!("{path} has no gradient"));
            actual[0].insert(path.to_owned(), digest(gradient));
        }
    });
    // Only a validating copy shows the running statistics of the last forward pass.
    each_parameter(&network.valid(), |path, parameter| {
        if path.contains("running_") {
            actual[1].insert(path.to_owned(), digest(parameter.flat));
        }
    });
    for (kind, actual) in ["gradients", "running"].into_iter().zip(actual) {
        let expected = reference[kind].as_array().unwrap();
        assert_eq!(actual.len(), expected.len(), "{kind}");
        let mut worst = (0.0, String::new());
        for ((path, actual), expected) in actual.into_iter().zip(expected) {
            let expected = numbers(expected);
            // Relative to the larger of the two numbers, as a sum may be near zero by cancellation. Some
            // gradients vanish (a shift that the next normalisation takes away): they have rounding only.
            let scale = expected[0].abs().max(expected[1]).max(0.1);
            let difference = max_difference(&actual, &expected) / scale;
            assert!(
                difference < 1e-6,
                "{kind} of {path}: {actual:?}, timm {expected:?}"
            );
            if difference > worst.0 {
                worst = (difference, path);
            }
        }
        println!("{name}: {kind} differ by up to {:.1e} ({})", worst.0, worst.1);
    }
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

/// For every network a module of tests against timm's of that name. Without dropout, so that training is the same
/// on both sides.
macro_rules! networks {
    ($($test:ident: $stage:ident { $($field:ident: $value:expr)? } = $timm:literal,)*) => {
        $(
            mod $test {
                use super::*;

                fn stage() -> $stage {
                    $stage { $($field: $value,)? dropout: 0.0, ..Default::default() }
                }

                #[test]
                fn evaluates_like_timm() {
                    super::evaluates_like_timm(&stage(), $timm);
                }

                #[test]
                fn trains_like_timm() {
                    super::trains_like_timm(&stage(), $timm);
                }

                #[test]
                fn has_as_many_parameters() {
                    super::has_as_many_parameters(&stage(), $timm);
                }

                #[test]
                fn gives_back_the_weights_it_got() {
                    super::gives_back_the_weights_it_got(&stage(), |path| $stage {
                        weights: Some(path.display().to_string()),
                        ..stage()
                    });
                }
            }
        )*
    };
}

networks! {
    b0: EfficientNetB0 { variant: Variant::Timm } = "efficientnet_b0",
    b0_tf: EfficientNetB0 { variant: Variant::Tf } = "tf_efficientnet_b0",
    b1: EfficientNetB1 { variant: Variant::Timm } = "efficientnet_b1",
    b1_tf: EfficientNetB1 { variant: Variant::Tf } = "tf_efficientnet_b1",
    b2: EfficientNetB2 { variant: Variant::Timm } = "efficientnet_b2",
    b2_tf: EfficientNetB2 { variant: Variant::Tf } = "tf_efficientnet_b2",
    b3: EfficientNetB3 { variant: Variant::Timm } = "efficientnet_b3",
    b3_tf: EfficientNetB3 { variant: Variant::Tf } = "tf_efficientnet_b3",
    b4: EfficientNetB4 { variant: Variant::Timm } = "efficientnet_b4",
    b4_tf: EfficientNetB4 { variant: Variant::Tf } = "tf_efficientnet_b4",
    lite0: EfficientNetLite0 {} = "tf_efficientnet_lite0",
    lite1: EfficientNetLite1 {} = "tf_efficientnet_lite1",
    lite2: EfficientNetLite2 {} = "tf_efficientnet_lite2",
    resnet18: ResNet18 {} = "resnet18",
    resnet34: ResNet34 {} = "resnet34",
    resnet50: ResNet50 {} = "resnet50",
    resnext50: ResNext50 {} = "resnext50_32x4d",
    se_resnext50: SeResNext50 {} = "seresnext50_32x4d",
    densenet121: DenseNet121 {} = "densenet121",
    convnext_tiny: ConvNextTiny {} = "convnext_tiny",
}

fn has_as_many_parameters(stage: &impl Stage, name: &str) {
    let network = spec(stage).build(3, 1000, &Device::flex()).unwrap();
    let mut count = 0;
    each_parameter(&network, |path, parameter| {
        if !path.contains("running_") {
            count += parameter.flat.dims()[0];
        }
    });
    println!("{name}: {count} parameters with 1000 classes");
    assert_eq!(read(name)["parameters_with_1000_classes"], count);
}

/// In as starting weights, out again: every name and every value but the classifier's, which is a fresh one.
fn gives_back_the_weights_it_got<S: Stage>(stage: &S, with_weights: impl Fn(&Path) -> S) {
    let directory = tempfile::tempdir().unwrap();
    let [given, back] = ["given", "back"].map(|name| directory.path().join(format!("{name}.safetensors")));
    let device = Device::flex();
    let network = spec(stage).build(3, 6, &device).unwrap();
    let classifier = network.backbone.classifier_name();
    weights::save_safetensors(&network, &given).unwrap();
    let content: Vec<_> = names_and_shapes(&given)
        .into_iter()
        .map(|(name, shape)| {
            let values = calm_weight(&name, &shape);
            (name, shape, values)
        })
        .collect();
    write_safetensors(&given, &content);
    let started = spec(&with_weights(&given)).build(3, 6, &device).unwrap();
    weights::save_safetensors(&started, &back).unwrap();
    let (given, back) = (tensors(&given), tensors(&back));
    assert_eq!(given.len(), back.len());
    for (name, values) in given {
        let same = back[&name] == values;
        assert_eq!(same, !name.starts_with(classifier), "{name}");
    }
}
