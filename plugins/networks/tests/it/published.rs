//! Published weights: features, and what they see in a photograph.

use burn::nn::LinearConfig;
use burn::tensor::{Device, Tensor, TensorData};
use ichflow_api::nn::weights::WeightsFile;
use ichflow_api::prelude::*;
use ichflow_networks::efficientnet::{EfficientNetLite0, EfficientNetLite1, EfficientNetLite2};

use crate::formula;
use crate::numbers::{check_features, flat, max_difference, numbers, read, samples};
use crate::support::{fixture, published, spec};

/// The committed photograph `[1, 3, height, width]`, values 0 to 1.
fn photograph(device: &Device) -> Tensor<4> {
    let file = std::io::BufReader::new(std::fs::File::open(fixture("chelsea.png")).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    let (height, width) = (info.height as usize, info.width as usize);
    let values: Vec<f32> = pixels.iter().map(|&value| f32::from(value) / 255.0).collect();
    let rows = Tensor::<3>::from_data(TensorData::new(values, [height, width, 3]), device);
    rows.permute([2, 0, 1]).unsqueeze()
}

/// The network of a stage with these weights, and ImageNet's own classifier from the same file.
fn check<S: Stage>(name: &str, stage: impl Fn(String) -> S) {
    let Some(path) = published(&format!("{name}.pth")) else {
        return;
    };
    let reference = read(name);
    let spec = spec(&stage(path.display().to_string()));
    let device = Device::flex();
    let mut network = spec.build(3, 1000, &device).unwrap();
    let size = reference["size"].as_u64().unwrap() as usize;
    let images = spec.normalisation().apply(formula::images(size, &device));
    check_features(
        network.backbone.features(images, &ForwardContext::default()),
        &reference,
        name,
    );

    let classifier = WeightsFile::open(&path)
        .unwrap()
        .rename(|name| name.strip_prefix("_fc.").map(str::to_owned))
        .unwrap();
    let fresh = LinearConfig::new(1280, 1000).init(&device);
    network.head.classifier = classifier.load_into(fresh).unwrap();
    let logits = network.forward(spec.normalisation().apply(photograph(&device)));
    let all = flat(logits.clone());
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| all[b].total_cmp(&all[a]));
    let best: Vec<f64> = order.iter().take(5).map(|&class| class as f64).collect();
    let expected = &reference["photograph"];
    let difference = max_difference(&samples(logits), &numbers(&expected["logits"]));
    println!(
        "{name}: the photograph is of class {}, logits differ by {difference:.1e}",
        best[0]
    );
    assert_eq!(best, numbers(&expected["best"]));
    assert!(difference < 1e-4, "{difference}");
}

#[test]
fn lite0_sees_a_cat() {
    check("efficientnet-lite0-57934424", |weights| EfficientNetLite0 {
        weights: Some(weights),
        dropout: 0.0,
        ..Default::default()
    });
}

#[test]
fn lite1_sees_a_cat() {
    check("efficientnet-lite1-77cc7160", |weights| EfficientNetLite1 {
        weights: Some(weights),
        dropout: 0.0,
        ..Default::default()
    });
}

#[test]
fn lite2_sees_a_cat() {
    check("efficientnet-lite2-9656183e", |weights| EfficientNetLite2 {
        weights: Some(weights),
        dropout: 0.0,
        ..Default::default()
    });
}
