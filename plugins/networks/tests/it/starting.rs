//! Starting weights: other names, other numbers of channels, the hub's own words about them.

use std::fs;
use std::path::Path;

use burn::tensor::{Device, TensorData};
use ichflow_api::nn::HeadPlan;
use ichflow_api::nn::weights;
use ichflow_api::prelude::*;
use ichflow_api::testkit;
use ichflow_hub::{Hub, Repository};
use ichflow_networks::adapt::adapt_inputs;
use ichflow_networks::architecture::Factory;
use ichflow_networks::convnext::ConvNextTiny;
use ichflow_networks::efficientnet::{EfficientNetB0, EfficientNetLite0};
use ichflow_networks::normalise::Normalise;
use ichflow_networks::resnet::{Blocks, Plan};
use ichflow_networks::source::Source;

use crate::formula;
use crate::numbers::{check_features, flat, max_difference, numbers, read};
use crate::support::{Channels, calm_weight, spec, write_safetensors};

fn text(path: &Path) -> Option<String> {
    Some(path.display().to_string())
}

#[test]
fn torchvisions_names_are_understood() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("torchvision.safetensors");
    let reference = read("torchvision");
    let device = Device::flex();
    for name in ["efficientnet_b0", "convnext_tiny"] {
        let reference = &reference[name];
        let tensors: Vec<_> = reference["tensors"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, shape)| {
                let shape: Vec<_> = numbers(shape).into_iter().map(|side| side as usize).collect();
                let values = calm_weight(name, &shape);
                (name.clone(), shape, values)
            })
            .collect();
        write_safetensors(&path, &tensors);
        let weights = text(&path);
        let spec = if name == "convnext_tiny" {
            spec(&ConvNextTiny {
                weights,
                ..Default::default()
            })
        } else {
            spec(&EfficientNetB0 {
                weights,
                ..Default::default()
            })
        };
        let network = spec.build(3, 6, &device).unwrap();
        let features = network
            .backbone
            .features(formula::images(97, &device), &ForwardContext::default());
        check_features(features, reference, &format!("torchvision's {name}"));
    }
}

#[test]
fn a_first_convolution_is_adapted_as_timm_does() {
    let reference = read("adapt");
    for (channels, expected) in reference.as_object().unwrap() {
        let channels: usize = channels.parse().unwrap();
        let mut weight = TensorData::new(formula::weight("conv.weight", &[2, 3, 2, 2]), [2, 3, 2, 2]);
        adapt_inputs(&mut weight, channels);
        assert_eq!(weight.shape()[..], [2, channels, 2, 2]);
        let values: Vec<f64> = weight.iter::<f64>().collect();
        let difference = max_difference(&values, &numbers(expected));
        assert!(difference < 1e-6, "{channels} channels: {difference}");
    }
}

#[test]
fn weights_for_colours_see_grey_images_alike() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weights.safetensors");
    let device = Device::flex();
    let random = EfficientNetLite0::default();
    weights::save_safetensors(&spec(&random).build(3, 6, &device).unwrap(), &path).unwrap();
    let stage = EfficientNetLite0 {
        weights: text(&path),
        ..random
    };
    let run = testkit::run_context(directory.path());
    let of = |channels| {
        let inputs = Inputs::default().with(input::WINDOW, Window::new(Channels(channels)));
        let context = Context::new(&run, "network", "network", "key");
        let mut outputs = stage.run(&inputs, &context).unwrap();
        let spec = outputs.take(output::NETWORK).unwrap();
        let network = spec.build(channels, 6, &device).unwrap();
        let grey = formula::images(64, &device).slice([0..2, 0..1, 0..64, 0..64]);
        let images = spec.normalisation().apply(grey.repeat_dim(1, channels));
        flat(network.backbone.features(images, &ForwardContext::default()))
    };
    let colour = of(3);
    // Six channels: two of each colour, at half the weight.
    for channels in [1, 6] {
        let difference = max_difference(&of(channels), &colour);
        assert!(difference < 1e-4, "{channels} channels: {difference}");
    }
}

const RESNET18: Plan = Plan {
    name: "resnet18",
    timm: "resnet18",
    blocks: Blocks::Basic,
    depths: [2, 2, 2, 2],
};

/// The factory of a ResNet-18 that starts from `someone/small`, whose `config.json` is this.
fn of_the_hub(config: Option<&str>) -> Result<Factory<Plan>> {
    let directory = tempfile::tempdir().unwrap();
    let snapshot = directory.path().join("models--someone--small/snapshots/main");
    fs::create_dir_all(&snapshot).unwrap();
    fs::write(snapshot.join("model.safetensors"), "").unwrap();
    if let Some(config) = config {
        fs::write(snapshot.join("config.json"), config).unwrap();
    }
    let hub = Hub {
        cache: Some(directory.path().to_owned()),
        offline: true,
        ..Hub::default()
    };
    let source = Source::Hub(Repository::parse("someone/small").unwrap());
    let found = source.find(&hub)?;
    Factory::new(RESNET18, found, HeadPlan::linear(0.0), Normalise::Auto, 3)
}

#[test]
fn the_hub_knows_what_its_weights_want() {
    let half = r#"{"architecture": "resnet18", "pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}"#;
    let factory = of_the_hub(Some(half)).unwrap();
    assert_eq!(factory.normalisation().mean, [0.5; 3]);
    assert_eq!(factory.describe(), "resnet18, weights of someone/small");
    let factory = of_the_hub(None).unwrap();
    assert_eq!(factory.normalisation().mean, [0.485, 0.456, 0.406]);
    let error = of_the_hub(Some(r#"{"architecture": "resnet34"}"#)).err().unwrap();
    let expected = "the weights someone/small are of timm's resnet34, and not of resnet18";
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn a_network_by_its_hub_name_asks_for_no_file_before_it_runs() {
    let stage = EfficientNetB0 {
        weights: Some("timm/efficientnet_b0.ra_in1k".into()),
        ..Default::default()
    };
    // Whether it is on this machine is advice.
    assert!(stage.reads().is_empty() && stage.check().iter().all(|found| found.is_advice));
    let stage = EfficientNetB0 {
        weights: Some("weights/b0.pth".into()),
        ..Default::default()
    };
    assert_eq!(stage.reads().len(), 1);
}
