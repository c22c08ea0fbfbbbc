//! Stages as recipes use them: ports, checks, normalisation.

use burn::tensor::{Device, Tensor};
use ichflow_api::prelude::*;
use ichflow_api::testkit;
use ichflow_networks::efficientnet::{EfficientNetB0, EfficientNetLite0};
use ichflow_networks::normalise::Normalise;
use ichflow_networks::small_cnn::SmallCnn;

use crate::support::spec;

#[test]
fn stages_are_documented_and_their_examples_hold() {
    assert_eq!(testkit::faults("ichflow-networks"), Vec::<String>::new());
}

#[test]
fn only_the_means_of_red_green_and_blue_insist_on_three_channels() {
    let window = |stage: &dyn ichflow_api::stage::AnyStage| stage.ports().inputs[0].channels;
    assert_eq!(window(&EfficientNetB0::default()), None);
    let with_weights = EfficientNetLite0 {
        weights: Some("some.pth".into()),
        ..Default::default()
    };
    assert_eq!(window(&with_weights), None);
    let imagenet = EfficientNetB0 {
        normalise: Normalise::Imagenet,
        ..Default::default()
    };
    assert_eq!(window(&imagenet), Some(3));
}

#[test]
fn normalisation_comes_with_weights() {
    assert_eq!(
        spec(&EfficientNetB0::default()).normalisation(),
        Normalisation::none()
    );
    let with_weights = EfficientNetB0 {
        weights: Some("some.pth".into()),
        ..Default::default()
    };
    assert_eq!(spec(&with_weights).normalisation().std, [0.229, 0.224, 0.225]);
    let switched_off = EfficientNetB0 {
        normalise: Normalise::None,
        ..with_weights
    };
    assert_eq!(spec(&switched_off).normalisation(), Normalisation::none());
}

#[test]
fn a_dropout_of_one_is_a_mistake() {
    let stage = SmallCnn {
        dropout: 1.0,
        ..Default::default()
    };
    assert_eq!(stage.check()[0].key, "dropout");
    assert!(SmallCnn::default().check().is_empty());
}

#[test]
fn small_cnn_sees_one_bright_pixel() {
    let device = Device::flex();
    for channels in [1, 3] {
        let network = spec(&SmallCnn::default()).build(channels, 6, &device).unwrap();
        let dark = Tensor::<4>::zeros([1, channels, 96, 96], &device);
        let bright = dark.clone().slice_assign(
            [0..1, 0..channels, 40..42, 50..52],
            Tensor::ones([1, channels, 2, 2], &device),
        );
        let change: f32 = (network.forward(bright) - network.forward(dark))
            .abs()
            .max()
            .into_scalar();
        assert!(change > 1e-3, "{change}");
    }
}
