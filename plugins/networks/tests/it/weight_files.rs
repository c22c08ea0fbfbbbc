//! Weight files: round trips, and all that can be wrong with a file.

use std::fs;
use std::path::Path;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::Device;
use ichflow_api::nn::weights::{self, WeightsFile};
use ichflow_api::prelude::*;
use ichflow_networks::efficientnet::EfficientNetLite0;
use ichflow_networks::small_cnn::SmallCnn;

use crate::formula;
use crate::support::{each_parameter, fixture, spec, write_safetensors};

/// The network of `tests/fixtures/tiny*.pth`.
#[derive(Module, Debug)]
struct Tiny {
    conv: Conv2d,
    norm: BatchNorm,
    fc: Linear,
}

fn tiny() -> Tiny {
    let device = Device::flex();
    Tiny {
        conv: Conv2dConfig::new([1, 2], [3, 3]).init(&device),
        norm: BatchNormConfig::new(2).init(&device),
        fc: LinearConfig::new(2, 3).init(&device),
    }
}

fn load_tiny(path: &Path) -> Result<Tiny> {
    Ok(WeightsFile::open(path)?.load_into(tiny())?)
}

fn tiny_tensors() -> Vec<(String, Vec<usize>, Vec<f32>)> {
    [
        ("conv.weight", vec![2, 1, 3, 3]),
        ("conv.bias", vec![2]),
        ("norm.weight", vec![2]),
        ("norm.bias", vec![2]),
        ("norm.running_mean", vec![2]),
        ("norm.running_var", vec![2]),
        ("fc.weight", vec![3, 2]),
        ("fc.bias", vec![3]),
    ]
    .into_iter()
    .map(|(name, shape)| {
        let values = formula::weight(name, &shape);
        (name.to_owned(), shape, values)
    })
    .collect()
}

/// The error and its help.
fn text<T>(result: Result<T>) -> String {
    match result.err().expect("an error") {
        error @ Error::Failed { .. } => {
            let chain = error.chain();
            let Error::Failed { help, .. } = error else {
                unreachable!()
            };
            format!("{chain} / {}", help.expect("help"))
        }
        error => panic!("{error}"),
    }
}

#[test]
fn every_kind_of_file_gives_the_same_tensors() {
    let directory = tempfile::tempdir().unwrap();
    let safetensors = directory.path().join("tiny.safetensors");
    write_safetensors(&safetensors, &tiny_tensors());
    for path in [fixture("tiny.pth"), fixture("tiny-legacy.pth"), safetensors] {
        let tiny = load_tiny(&path).unwrap_or_else(|error| panic!("{}: {}", path.display(), error.chain()));
        let values = |tensor: burn::tensor::TensorData| tensor.try_to_vec::<f32>().unwrap();
        assert_eq!(
            values(tiny.conv.weight.to_data()),
            formula::weight("conv.weight", &[2, 1, 3, 3])
        );
        assert_eq!(
            values(tiny.norm.gamma.to_data()),
            formula::weight("norm.weight", &[2])
        );
        let transposed = tiny.fc.weight.val().transpose().into_data();
        assert_eq!(values(transposed), formula::weight("fc.weight", &[3, 2]));
    }
}

#[test]
fn a_checkpoint_is_unwrapped() {
    // Lightning's `state_dict`, its `model.`, a loss beside it, an optimiser's moments.
    let file = WeightsFile::open(&fixture("tiny-wrapped.pth")).unwrap();
    let tiny = file.unwrapped().load_into(tiny()).unwrap();
    let bias = tiny.conv.bias.unwrap().to_data().try_to_vec::<f32>().unwrap();
    assert_eq!(bias, formula::weight("conv.bias", &[2]));
}

#[test]
fn code_in_a_pickle_is_not_run() {
    // By itself, beside tensors, and instead of them.
    for name in ["code.pth", "tiny-and-code.pth", "all-code.pth"] {
        let error = text(WeightsFile::open(&fixture(name)).map_err(Error::from));
        for expected in [
            name,
            "holds code",
            "mkdir",
            "nothing was run",
            "do not open it in Python",
        ] {
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
    assert!(!Path::new("code-was-run").exists());
}

#[test]
fn what_is_no_weights_file_is_said_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weights.pth");
    assert!(text(WeightsFile::open(&path).map_err(Error::from)).contains("check the path"));
    for (content, expected) in [
        ("", "is not a weights file"),
        ("hello, this is some text", "name a .safetensors file"),
        ("<!DOCTYPE html>", "web page"),
        ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("PK\x03\x04 and then nothing of the kind", "damaged"),
        ("\x08\0\0\0\0\0\0\0{\"a\": 1}", "damaged"),
    ] {
        fs::write(&path, content).unwrap();
        let error = text(WeightsFile::open(&path).map_err(Error::from));
        assert!(
            error.contains(expected) && error.contains("weights.pth"),
            "{content}: {error}"
        );
    }
}

#[test]
fn tensors_that_do_not_fit_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.safetensors");
    let mut tensors = tiny_tensors();
    tensors.remove(1);
    tensors[0].1 = vec![1, 2, 3, 3];
    tensors.extend((0..12).map(|n| (format!("other.{n:02}"), vec![1], vec![0.0])));
    write_safetensors(&path, &tensors);
    let error = text(load_tiny(&path));
    for expected in [
        "1 tensor is missing from the file: conv.bias",
        "12 tensors are not known to the network: other.00, other.01",
        "other.09 and 2 more",
        "1 tensor is of another shape or kind: conv.weight ([1, 2, 3, 3] in the file, [2, 1, 3, 3] in the network)",
    ] {
        assert!(error.contains(expected), "{error}");
    }

    let mut tensors = tiny_tensors();
    tensors[0].2[4] = f32::NAN;
    write_safetensors(&path, &tensors);
    assert!(text(load_tiny(&path)).contains("`conv.weight` holds values that are not finite"));
}

#[test]
fn weights_of_another_architecture_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("small.safetensors");
    let device = Device::flex();
    let small = spec(&SmallCnn::default()).build(3, 6, &device).unwrap();
    weights::save_safetensors(&small, &path).unwrap();
    let lite0 = EfficientNetLite0 {
        weights: Some(path.display().to_string()),
        ..Default::default()
    };
    let error = text(spec(&lite0).build(3, 6, &device));
    assert!(
        error.contains("missing from the file: conv_stem.weight"),
        "{error}"
    );
    assert!(error.contains("and 2"), "{error}");
    assert!(
        error.contains("use weights of timm's tf_efficientnet_lite0"),
        "{error}"
    );
}

#[test]
fn a_damaged_file_is_an_error_and_never_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let safetensors = directory.path().join("tiny.safetensors");
    write_safetensors(&safetensors, &tiny_tensors());
    let path = directory.path().join("damaged");
    for whole in [fixture("tiny.pth"), fixture("tiny-legacy.pth"), safetensors] {
        let whole = fs::read(whole).unwrap();
        let last = whole.len() - 1;
        for step in 0..100 {
            let length = last * step / 100;
            fs::write(&path, &whole[..length]).unwrap();
            assert!(
                load_tiny(&path).is_err(),
                "cut off after {length} of {} bytes",
                whole.len()
            );
        }
        // A changed byte may be part of a value, so that there need not be an error.
        for (place, change) in formula::uniform("places", 300)
            .into_iter()
            .zip(formula::uniform("bytes", 300))
        {
            let mut bytes = whole.clone();
            bytes[(place * whole.len() as f64) as usize] ^= 1 + (change * 255.0) as u8;
            fs::write(&path, &bytes).unwrap();
            let _ = load_tiny(&path);
        }
    }
}

#[test]
fn what_is_saved_is_loaded_again() {
    let directory = tempfile::tempdir().unwrap();
    let (one, other) = (
        directory.path().join("one.safetensors"),
        directory.path().join("other.safetensors"),
    );
    let device = Device::flex();
    let stage = EfficientNetLite0::default();
    let network = spec(&stage).build(3, 6, &device).unwrap();
    weights::save_safetensors(&network, &one).unwrap();
    // Again, over itself and elsewhere: the bytes are the same.
    weights::save_safetensors(&network, &one).unwrap();
    weights::save_safetensors(&network, &other).unwrap();
    assert!(fs::read(&one).unwrap() == fs::read(&other).unwrap());

    let names: Vec<_> = {
        let file = WeightsFile::open(&one).unwrap();
        file.names().map(str::to_owned).collect()
    };
    assert!(
        names.contains(&"blocks.1.0.conv_pw.weight".to_owned()),
        "{names:?}"
    );
    assert!(names.contains(&"classifier.weight".to_owned()), "{names:?}");

    let images = formula::images(64, &device);
    let expected = network.forward(images.clone()).into_data();
    let fresh = spec(&stage).build(3, 6, &device).unwrap();
    let loaded = weights::load_safetensors(fresh, &one).unwrap();
    assert_eq!(loaded.forward(images.clone()).into_data(), expected);

    // As starting weights: the backbone is the same, the classifier a fresh one.
    let started = EfficientNetLite0 {
        weights: Some(one.display().to_string()),
        ..stage
    };
    let started = spec(&started).build(3, 6, &device).unwrap();
    let features = |network: &Network| {
        network
            .backbone
            .features(images.clone(), &ForwardContext::default())
            .into_data()
    };
    assert_eq!(features(&started), features(&network));
    let mut classifiers = Vec::new();
    for network in [&started, &network] {
        each_parameter(network, |name, values| {
            if name == "classifier.weight" {
                classifiers.push(values.flat.into_data());
            }
        });
    }
    assert_ne!(classifiers[0], classifiers[1]);
}

/// The file with another name for every tensor.
fn renamed(from: &Path, to: &Path, name: impl Fn(&str) -> String) {
    let bytes = fs::read(from).unwrap();
    let (length, rest) = bytes.split_at(8);
    let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&rest[..length]).unwrap();
    let header: serde_json::Map<_, _> = header
        .into_iter()
        .filter(|(tensor, _)| tensor != "__metadata__")
        .map(|(tensor, place)| (name(&tensor), place))
        .collect();
    let header = serde_json::to_vec(&header).unwrap();
    let whole = [&(header.len() as u64).to_le_bytes()[..], &header, &rest[length..]].concat();
    fs::write(to, whole).unwrap();
}

#[test]
fn a_prefix_that_nobody_foresaw_is_taken_off() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let device = Device::flex();
    let stage = EfficientNetLite0::default();
    let network = spec(&stage).build(3, 6, &device).unwrap();
    weights::save_safetensors(&network, &path("plain.safetensors")).unwrap();
    let images = formula::images(64, &device);
    let features = |network: &Network| {
        let context = ForwardContext::default();
        network.backbone.features(images.clone(), &context).into_data()
    };
    for prefix in ["base.", "cnn.", "my_net.trunk."] {
        renamed(&path("plain.safetensors"), &path("wrapped.safetensors"), |name| {
            format!("{prefix}{name}")
        });
        let started = EfficientNetLite0 {
            weights: Some(path("wrapped.safetensors").display().to_string()),
            ..Default::default()
        };
        let started = spec(&started).build(3, 6, &device).unwrap();
        assert_eq!(features(&started), features(&network), "{prefix}");
    }
}

#[test]
fn weights_for_grey_images_start_a_network_for_three_channels() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("grey.safetensors");
    let device = Device::flex();
    let grey = spec(&EfficientNetLite0::default()).build(1, 6, &device).unwrap();
    weights::save_safetensors(&grey, &path).unwrap();
    let started = EfficientNetLite0 {
        weights: Some(path.display().to_string()),
        ..Default::default()
    };
    let started = spec(&started).build(3, 6, &device).unwrap();
    let one = formula::images(64, &device).slice([0..1, 0..1]);
    let features = |network: &Network, images| {
        let context = ForwardContext::default();
        let features = network.backbone.features(images, &context).into_data();
        features.try_to_vec::<f32>().unwrap()
    };
    let expected = features(&grey, one.clone());
    let got = features(&started, one.repeat_dim(1, 3));
    for (got, expected) in got.iter().zip(&expected) {
        assert!(
            (got - expected).abs() <= 1e-4 * (1.0 + expected.abs()),
            "{got} {expected}"
        );
    }
}
