//! Measures networks over series on request: `benches/peers/series.py` asks, a line a question.
//!
//! A question is a JSON object on stdin (see [`Question`]), its answer one on stdout. An epoch reads the embeddings of
//! all series from a file, in a shuffled order, and trains on each batch: forward, backward, Adam.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use ichflow_api::data::trained_on::TrainedOn;
use ichflow_api::nn::parameters;
use ichflow_api::nn::series::{AnySeriesNetwork, SeriesInput, SeriesShape, SeriesValues};
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::tensors::embeddings::{Embeddings, Rows};
use ichflow_api::tensors::loss::binary_cross_entropy;
use ichflow_api::testkit;
use ichflow_networks as _;
use ichflow_training::fit::{Adam, Lr, Rate, Rule, Stepper};
use serde::Deserialize;
use serde_json::json;

/// Labels of a slice.
const LABELS: usize = 6;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    /// Stage name of the network.
    network: String,
    /// Its parameters, as TOML.
    params: String,
    /// Embeddings of all slices in float16, row by row.
    file: PathBuf,
    /// Values of an embedding.
    features: usize,
    /// Slices of each series, in the order of the file.
    lengths: Vec<usize>,
    /// Series in a batch.
    batch: usize,
    /// Batches that count; all of an epoch where there are not so many.
    batches: usize,
    /// Whether burn's own operations compute every layer.
    #[serde(default)]
    generic: bool,
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
        let answer = epoch(&question).unwrap_or_else(|error| json!({ "error": error.chain() }));
        println!("{answer}");
        std::io::stdout().flush().expect("stdout");
    }
}

/// Seconds that processors have computed for this process so far.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // After the name, which may hold anything: user and system time are the 12th and 13th, in hundredths.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// Whether a label of a slice is there: the script's formula.
fn truth(row: usize, label: usize) -> f32 {
    let there = (row * LABELS + label).wrapping_mul(2_654_435_761) % (1 << 32) < (1 << 29);
    f32::from(u8::from(there))
}

fn epoch(question: &Question) -> Result<serde_json::Value> {
    let shape = SeriesShape {
        features: question.features,
        logits: 0,
        labels: LABELS,
    };
    let device = Device::flex().autodiff();
    device.seed(1);
    let slices: usize = question.lengths.iter().sum();
    let rows = Rows::in_file(&question.file, 0, [slices, question.features], true)?;
    let of_slices = (0..slices).map(|row| testkit::slice(&row.to_string(), "p", None));
    let embeddings = Embeddings::new(
        of_slices.collect(),
        rows,
        Vec::new(),
        0,
        TrainedOn::ids(std::iter::empty::<&str>()),
    )?;
    let mut network = network(question, shape, &device)?;
    let mut stepper = Stepper::new(rules(&network));
    let context = match question.generic {
        true => ForwardContext::default().without_kernels(),
        false => ForwardContext::default(),
    };
    let rate = Rate {
        lr: 1e-3,
        highest: 1e-3,
        epoch: 1,
    };
    let starts: Vec<usize> = question
        .lengths
        .iter()
        .scan(0, |next, length| {
            *next += length;
            Some(*next - length)
        })
        .collect();
    // A shuffle that the script can make too: a step that has no common divisor with any number of series used.
    let count = starts.len();
    let order: Vec<usize> = (0..count).map(|index| index * 7_919 % count).collect();
    let weights = Tensor::<1>::from_floats([2.0, 1.0, 1.0, 1.0, 1.0, 1.0], &device) / 7.0;
    let (begun, before) = (Instant::now(), cpu_seconds());
    let (mut reading, mut losses) = (0.0, Vec::new());
    for batch in order.chunks(question.batch).take(question.batches) {
        let reads = Instant::now();
        let mut series = Vec::with_capacity(batch.len());
        let mut truths = Vec::new();
        for &index in batch {
            let (first, length) = (starts[index], question.lengths[index]);
            let mut values = vec![0.0; length * question.features];
            for (row, values) in values.chunks_exact_mut(question.features).enumerate() {
                embeddings.features(first + row, values)?;
            }
            truths.extend((0..length * LABELS).map(|at| truth(first + at / LABELS, at % LABELS)));
            series.push(SeriesValues {
                embeddings: values,
                logits: Vec::new(),
                position_mm: (0..length).map(|slice| 5.0 * slice as f32).collect(),
                relative: (0..length).map(|slice| slice as f32 / length as f32).collect(),
                spacing_mm: 5.0,
            });
        }
        let input = SeriesInput::of(&series, shape, &device);
        drop(series);
        reading += reads.elapsed().as_secs_f64();
        let rows = input.lengths.slices();
        let truth = Tensor::<2>::from_data(TensorData::new(truths, [rows, LABELS]), &device);
        let logits = network.forward(input, &context).slices;
        let loss = (binary_cross_entropy(logits, truth) * weights.clone().unsqueeze::<2>())
            .sum_dim(1)
            .mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = stepper.step(network, gradients, rate);
        losses.push(loss.into_scalar::<f32>());
    }
    Ok(json!({
        "seconds": begun.elapsed().as_secs_f64(),
        "cpu": cpu_seconds().zip(before).map(|(after, before)| after - before),
        "reading": reading,
        "losses": [losses.first(), losses.last()],
    }))
}

/// A network of random weights.
fn network(question: &Question, shape: SeriesShape, device: &Device) -> Result<AnySeriesNetwork> {
    let registry = Registry::collect().map_err(|error| Error::new(error.to_string()))?;
    let params = toml::from_str(&question.params).map_err(|error| Error::new(error.to_string()))?;
    let stage = registry
        .find(&question.network)
        .ok_or_else(|| Error::new(format!("there is no stage {}", question.network)))?
        .build(params)
        .map_err(|error| Error::new(error.to_string()))?;
    let home = tempfile::tempdir().map_err(|error| Error::new(error.to_string()))?;
    let run = testkit::run_context(home.path());
    let mut outputs = stage.run(
        &Inputs::default(),
        &Context::new(&run, "sequence", "sequence", "key"),
    )?;
    let spec = outputs
        .take(output::SERIES_NETWORK)
        .ok_or_else(|| Error::new(format!("{} is no network over series", question.network)))?;
    spec.build(shape, device)
}

/// Adam for every parameter.
fn rules(network: &AnySeriesNetwork) -> HashMap<burn::module::ParamId, Rule> {
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
