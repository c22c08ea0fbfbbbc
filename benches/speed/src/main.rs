//! Measures networks on request: `benches/peers/training.py` and `benches/gpu/bench.py` ask, a line a question.
//!
//! A question is a JSON object on stdin (see [`Question`]), its answer one on stdout: the seconds of every step,
//! or why there are none. So one process on each side can take turns with the other.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Instant;

use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Tensor, TensorData};
use ichflow_api::device::DeviceChoice;
use ichflow_api::nn::{Precision, parameters};
use ichflow_api::prelude::*;
use ichflow_api::testkit;
use ichflow_networks as _;
use ichflow_training::fit::{Adam, Lr, Rate, Rule, Stepper};
use serde::Deserialize;
use serde_json::json;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    /// Stage name of the network.
    network: String,
    /// Side of the images, in pixels.
    size: usize,
    /// Images in a batch.
    batch: usize,
    /// Whether to train (forward, backward, Adam) or to go forward alone.
    train: bool,
    /// Steps that are measured, after as many as `warm` says.
    steps: usize,
    #[serde(default)]
    warm: usize,
    /// Whether burn's own operations compute every layer and step.
    #[serde(default)]
    generic: bool,
    /// `f32` or `bf16`.
    #[serde(default)]
    precision: Precision,
    /// `auto`, `cpu`, `cuda:N`.
    #[serde(default)]
    device: Option<String>,
}

#[expect(
    clippy::expect_used,
    reason = "whoever asks is gone, and with it the point of an answer"
)]
fn main() {
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("stdin");
        let question: Question = match serde_json::from_str(&line) {
            Ok(question) => question,
            Err(error) => {
                eprintln!("{error}");
                std::process::exit(2);
            }
        };
        let answer = match times(&question) {
            Ok(Times { seconds, cpu }) => json!({ "seconds": seconds, "cpu": cpu }),
            Err(error) => json!({ "error": error.chain() }),
        };
        println!("{answer}");
        std::io::stdout().flush().expect("stdout");
    }
}

/// What steps took.
struct Times {
    /// Seconds of each.
    seconds: Vec<f64>,
    /// Seconds that processors computed for all of them together, where the system says so: other programs weigh
    /// little on it.
    cpu: Option<f64>,
}

/// Seconds that processors have computed for this process so far.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // After the name, which may hold anything: user and system time are the 12th and 13th, in hundredths.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

fn times(question: &Question) -> Result<Times> {
    let choice: DeviceChoice = question
        .device
        .as_deref()
        .unwrap_or("cpu")
        .parse()
        .map_err(Error::new)?;
    let plain = choice.resolve()?.open();
    let device = if question.train {
        plain.clone().autodiff()
    } else {
        plain
    };
    device.seed(1);
    let mut network = network(question, &device)?;
    let images = Tensor::<4>::random(
        [question.batch, 3, question.size, question.size],
        burn::tensor::Distribution::Normal(0.0, 1.0),
        &device,
    );
    let truth: Vec<f32> = (0..question.batch * 6)
        .map(|index| (index % 3 == 0) as u8 as f32)
        .collect();
    let truth = Tensor::<2>::from_data(TensorData::new(truth, [question.batch, 6]), &device);
    let context = ForwardContext::default().with_precision(question.precision);
    let context = if question.generic {
        context.without_kernels()
    } else {
        context
    };
    let mut burns: ModuleOptimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let mut stepper = Stepper::new(rules(&network));
    let rate = Rate {
        lr: 1e-4,
        highest: 1e-4,
        epoch: 1,
    };
    let mut seconds = Vec::new();
    let mut before = None;
    for step in 0..question.warm + question.steps {
        if step == question.warm {
            before = cpu_seconds();
        }
        let begun = Instant::now();
        let logits = network.forward_with(images.clone(), &context);
        if question.train {
            // Binary cross-entropy with logits.
            let losses = logits.clone().clamp_min(0.0) - logits.clone() * truth.clone()
                + logits.abs().neg().exp().log1p();
            let loss = losses.mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            network = if question.generic {
                burns.step(rate.lr, network, gradients)
            } else {
                stepper.step(network, gradients, rate)
            };
            loss.into_scalar::<f32>();
        } else {
            logits.sum().into_scalar::<f32>();
        }
        device.sync().map_err(|error| Error::new(format!("{error:?}")))?;
        if step >= question.warm {
            seconds.push(begun.elapsed().as_secs_f64());
        }
    }
    let cpu = cpu_seconds().zip(before).map(|(after, before)| after - before);
    Ok(Times { seconds, cpu })
}

/// A network of random weights, by the name of its stage.
fn network(question: &Question, device: &Device) -> Result<Network> {
    let registry =
        ichflow_api::registry::Registry::collect().map_err(|error| Error::new(error.to_string()))?;
    let stage = registry
        .find(&question.network)
        .ok_or_else(|| Error::new(format!("there is no stage {}", question.network)))?
        .build(Default::default())
        .map_err(|error| Error::new(error.to_string()))?;
    let home = tempfile::tempdir().map_err(|error| Error::new(error.to_string()))?;
    let run = testkit::run_context(home.path());
    let mut outputs = stage.run(
        &Inputs::default(),
        &Context::new(&run, "network", "network", "key"),
    )?;
    let spec = outputs
        .take(output::NETWORK)
        .ok_or_else(|| Error::new(format!("{} is no network", question.network)))?;
    spec.build(3, 6, device)
}

/// Adam for every parameter.
fn rules(network: &Network) -> HashMap<burn::module::ParamId, Rule> {
    let layers = parameters::walk(network);
    let all = layers.iter().flat_map(|layer| &layer.parameters);
    all.map(|parameter| {
        let rule = Rule {
            optimizer: Arc::new(Adam::default()),
            lr: Lr::Times(1.0),
            decay: 0.0,
        };
        (parameter.id, rule)
    })
    .collect()
}
