//! How many images per second a network trains on and predicts, on the CPU.
//!
//! `cargo run --release -p ichflow-networks --example throughput -- small-cnn 128 16 1`: network, side
//! of the images in pixels, batch, channels; a fifth argument is the width of `small-cnn`.

use std::time::Instant;

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Distribution, Tensor};
use ichflow_api::prelude::*;
use ichflow_api::testkit;
use ichflow_networks::efficientnet::{EfficientNetB0, EfficientNetLite0};
use ichflow_networks::small_cnn::SmallCnn;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |index: usize, default: usize| match arguments.get(index) {
        Some(text) => text.parse(),
        None => Ok(default),
    };
    let name = arguments.first().map_or("small-cnn", String::as_str);
    let (size, batch, channels) = (number(1, 128)?, number(2, 16)?, number(3, 1)?);
    let width = number(4, SmallCnn::default().width)?;

    let directory = std::env::temp_dir();
    let run = testkit::run_context(&directory);
    let context = Context::new(&run, "network", name, "key");
    let mut outputs = match name {
        "efficientnet-b0" => EfficientNetB0::default().run(&Inputs::default(), &context)?,
        "efficientnet-lite0" => EfficientNetLite0::default().run(&Inputs::default(), &context)?,
        _ => SmallCnn {
            width,
            ..Default::default()
        }
        .run(&Inputs::default(), &context)?,
    };
    let spec = outputs.take(output::NETWORK).ok_or("no network")?;

    let device = Device::flex().autodiff();
    let mut network = spec.build(channels, 6, &device)?;
    let images = Tensor::<4>::random([batch, channels, size, size], Distribution::Default, &device);
    let mut optimiser: ModuleOptimizer = AdamWConfig::new().init();
    let training = rate(batch, || {
        let loss = network.forward(images.clone()).powi_scalar(2).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimiser.step(1e-4, network.clone(), gradients);
    });
    let network = network.valid();
    let images = images.inner();
    let predicting = rate(batch, || {
        network.forward(images.clone()).into_data();
    });
    println!(
        "{} at {size} px, batch {batch}, {channels} channels:",
        spec.describe()
    );
    println!("training {training:.0} images/s, predicting {predicting:.0} images/s");
    Ok(())
}

/// Images a second over some seconds, after a warm-up.
fn rate(batch: usize, mut step: impl FnMut()) -> f64 {
    step();
    let start = Instant::now();
    let mut steps = 0;
    while start.elapsed().as_secs_f64() < 4.0 {
        step();
        steps += 1;
    }
    (steps * batch) as f64 / start.elapsed().as_secs_f64()
}
