//! Twenty steps of EfficientNet-B0 beside PyTorch's, from the same weights on the same slices.
//!
//! `tests/reference/training.py` makes the fixture; weights, Hounsfield units and labels come from the formula
//! that it shares with the networks' tests.

#[path = "../../plugins/networks/tests/it/formula.rs"]
#[expect(dead_code, reason = "shared with the networks' tests, which use all of it")]
mod formula;

use std::collections::BTreeMap;

use formula::{uniform, weight};
use ichflow_api::nn::weights;
use ichflow_api::prelude::*;
use ichflow_api::testkit;
use ichflow_networks::efficientnet::EfficientNetB0;
use ichflow_training::fit::Fit;
use ichflow_training::loss::weighted_log_loss::WeightedLogLoss;
use serde_json::{Value, json};

const BATCH: usize = 4;
const SIZE: usize = 64;

fn labels(index: usize) -> Labels {
    let types = uniform(&format!("labels {index}"), 5);
    let types: Vec<bool> = types.into_iter().map(|value| value < 0.2).collect();
    let positive: [bool; 6] = std::array::from_fn(|label| match label {
        0 => types.contains(&true),
        label => types[label - 1],
    });
    positive.into()
}

fn slice(index: usize) -> HuImage {
    let patches = uniform(&format!("patches {index}"), 8 * 8);
    let noise = uniform(&format!("noise {index}"), SIZE * SIZE);
    let bleed = if labels(index).is_positive(0) { 40 } else { 0 };
    let hu = noise.iter().enumerate().map(|(place, noise)| {
        let patch = |place: usize| place * 8 / SIZE;
        let patch = patches[patch(place / SIZE) * 8 + patch(place % SIZE)];
        (-60.0 + 160.0 * (0.75 * patch + 0.25 * noise)).floor() as i16 + bleed
    });
    HuImage {
        rows: SIZE,
        columns: SIZE,
        hu: hu.collect(),
    }
}

struct ThreeWindows;

impl WindowScheme for ThreeWindows {
    fn channels(&self) -> usize {
        3
    }
    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let windows = [(40.0, 80.0), (80.0, 200.0), (600.0, 2800.0)];
        let channels = windows.map(|(center, width)| linear_window(batch.hu(), center, width));
        Tensor::cat(channels.to_vec(), 1)
    }
}

/// The architecture under test, with weights by formula.
struct ByFormula {
    spec: NetworkSpec,
    tensors: BTreeMap<String, Vec<usize>>,
}

impl NetworkFactory for ByFormula {
    fn build(&self, channels: usize, outputs: usize, device: &Device) -> Result<Network> {
        let network = self.spec.build(channels, outputs, device)?;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("weights.safetensors");
        let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
        for (name, shape) in &self.tensors {
            let start = data.len();
            data.extend(weight(name, shape).iter().flat_map(|value| value.to_le_bytes()));
            let entry = json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
            header.insert(name.clone(), entry);
        }
        let header = serde_json::to_vec(&header).unwrap();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend(data);
        std::fs::write(&path, bytes).unwrap();
        Ok(weights::load_safetensors(network, &path)?)
    }
    fn normalisation(&self) -> Normalisation {
        Normalisation::none()
    }
    fn describe(&self) -> String {
        "by formula".into()
    }
}

/// The one artifact a stage makes.
fn made<A: Artifact + Clone>(stage: &impl Stage, inputs: Inputs, context: &Context, port: Output<A>) -> A {
    let mut outputs = stage.run(&inputs, context).unwrap();
    (*outputs.take(port).unwrap()).clone()
}

#[test]
fn twenty_steps_give_pytorchs_losses() {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/training_steps.json")).unwrap();
    let expected: Vec<f64> = serde_json::from_value(fixture["losses"].clone()).unwrap();
    let norms: Vec<f64> = serde_json::from_value(fixture["norms"].clone()).unwrap();
    let count = BATCH * expected.len();

    let home = tempfile::tempdir().unwrap();
    let run = testkit::run_context(home.path());
    let context = |stage| Context::new(&run, stage, stage, "key");
    let b0 = EfficientNetB0 {
        dropout: 0.0,
        ..Default::default()
    };
    let window = Window::new(ThreeWindows);
    let inputs = Inputs::default().with(input::WINDOW, window.clone());
    let spec = made(&b0, inputs, &context("network"), output::NETWORK);
    let loss = made(
        &WeightedLogLoss::default(),
        Inputs::default(),
        &context("loss"),
        output::LOSS,
    );
    let cohort = testkit::cohort(
        (0..count)
            .map(|index| testkit::slice(&index.to_string(), "patient", Some(labels(index))))
            .collect(),
    );
    let inputs = Inputs::default()
        .with(input::COHORT, cohort)
        .with(
            input::FOLDS,
            Folds {
                of_slice: vec![Fold::Train; count],
            },
        )
        .with(
            input::PIXELS,
            Pixels::new(testkit::MadePixels::new(|made: &Slice| {
                Some(slice(made.id.parse().unwrap()))
            })),
        )
        .with(input::WINDOW, window)
        .with(
            input::NETWORK,
            NetworkSpec::new(ByFormula {
                spec,
                tensors: serde_json::from_value(fixture["tensors"].clone()).unwrap(),
            }),
        )
        .with(input::LOSS, loss);
    // An epoch of one step each, so that the history has the loss of every step.
    let fit: Fit = serde_json::from_value(json!({
        "batch": BATCH,
        "optimizer": {"kind": "adamw", "weight_decay": 0.01},
        "lr_multipliers": {"backbone": 0.5},
        "clip_norm": 1.0,
        "phases": [{
            "epochs": expected.len(),
            "steps": 1,
            "sampling": {"kind": "in-order"},
            "lr": 2e-3,
            "schedule": {"kind": "cosine"},
            "warmup": {"epochs": 4},
        }],
    }))
    .unwrap();
    let mut outputs = fit.run(&inputs, &context("fit")).unwrap();
    let history = outputs.take(output::HISTORY).unwrap();
    assert_eq!(history.epochs.len(), expected.len());
    let mut worst: f64 = 0.0;
    for (epoch, (expected, norm)) in history.epochs.iter().zip(expected.iter().zip(norms)) {
        let difference = (epoch.train_loss / expected - 1.0).abs();
        worst = worst.max(difference);
        println!(
            "step {}: {:.6}, PyTorch {expected:.6}, apart {difference:.1e}; norm {:.4}, PyTorch {norm:.4}",
            epoch.epoch,
            epoch.train_loss,
            epoch.gradient_norm.unwrap()
        );
        assert!(
            difference < 1e-3,
            "step {}: {}, not {expected}",
            epoch.epoch,
            epoch.train_loss
        );
        assert!(
            (epoch.gradient_norm.unwrap() / norm - 1.0).abs() < 1e-2,
            "step {}",
            epoch.epoch
        );
    }
    println!("the largest relative difference of a loss is {worst:.1e}");
}
