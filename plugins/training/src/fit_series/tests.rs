//! A sequence network trained on made-up series.

use std::path::Path;
use std::sync::atomic::Ordering;

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Initializer, Linear, LinearConfig};
use ichflow_api::data::labels::Level;
use ichflow_api::nn::series::{
    AnySeriesNetwork, SeriesInput, SeriesNetwork, SeriesOutput, SeriesShape, SeriesValues,
};
use ichflow_api::tensors::embeddings::Rows;
use ichflow_api::tensors::loss::{Targets, binary_cross_entropy};
use ichflow_api::testkit;

use super::*;
use ichflow_api::prelude::*;

/// Looks at each slice alone, and at the mean of each series.
#[derive(Module, Debug)]
struct Tiny {
    first: Linear,
    dropout: Dropout,
    second: Linear,
    whole: Linear,
}

impl SeriesNetwork for Tiny {
    fn forward(&self, input: SeriesInput, _context: &ForwardContext) -> SeriesOutput {
        let hidden = Tensor::cat(vec![input.embeddings, input.gaps, input.relative], 1);
        let first_stage = self.first.forward(hidden.clone());
        let means: Vec<Tensor<2>> = input
            .lengths
            .rows()
            .map(|rows| hidden.clone().slice([rows]).mean_dim(0))
            .collect();
        let slices = self.second.forward(self.dropout.forward(hidden));
        SeriesOutput {
            slices,
            first_stage: Some(first_stage),
            exam: Some(self.whole.forward(Tensor::cat(means, 0))),
            weights: None,
        }
    }
}

struct Factory {
    logits: bool,
}

impl SeriesNetworkFactory for Factory {
    fn build(&self, shape: SeriesShape, device: &Device) -> Result<AnySeriesNetwork> {
        // Neither random weights nor dropout: tests of one process share burn's generator.
        let linear = || {
            let plan = LinearConfig::new(shape.features + 3, shape.labels);
            plan.with_initializer(Initializer::Constant { value: 0.1 })
                .init(device)
        };
        Ok(AnySeriesNetwork::new(Tiny {
            first: linear(),
            dropout: DropoutConfig::new(0.0).init(),
            second: linear(),
            whole: linear(),
        }))
    }

    fn describe(&self) -> String {
        "tiny".into()
    }

    fn reads_logits(&self) -> bool {
        self.logits
    }

    fn tells_exams(&self) -> bool {
        true
    }
}

struct MeanCrossEntropy;

impl LossFunction for MeanCrossEntropy {
    fn loss(&self, logits: Tensor<2>, targets: &Targets) -> Tensor<1> {
        targets.mean(binary_cross_entropy(logits, targets.truth.clone()))
    }
}

const LABELS: usize = 6;

/// Twelve series of 2 to 6 slices, of which every fourth validates; a slice is positive where its first feature is
/// above 0. Slices of series 1 have no labels.
fn inputs(logits: bool, trained_on: TrainedOn) -> Inputs {
    inputs_at(Level::Slice, logits, trained_on)
}

/// The same with labels of exams, which are positive all over or not at all.
fn inputs_at(level: Level, logits: bool, trained_on: TrainedOn) -> Inputs {
    let (mut slices, mut features, mut fold) = (Vec::new(), Vec::new(), Vec::new());
    for series in 0..12_usize {
        for place in 0..2 + series % 5 {
            let value = match level {
                Level::Slice => ((series * 7 + place * 3) % 11) as f32 - 5.0,
                _ => [2.0, -2.0][series / 4 % 2],
            };
            let labels = (series != 1).then(|| Labels::from_bools(&[value > 0.0; LABELS]));
            slices.push(Slice {
                position_mm: Some(5.0 * place as f64),
                ..testkit::slice(&format!("{series}.{place}"), &format!("p{series}"), labels)
            });
            features.extend([value, 1.0]);
            fold.push(if series % 4 == 3 { Fold::Valid } else { Fold::Train });
        }
    }
    let of_slices = vec![0.0; slices.len() * LABELS];
    let rows = Rows::in_memory(features, 2);
    let embeddings = Embeddings::new(slices.clone(), rows, of_slices, LABELS, trained_on).unwrap();
    Inputs::default()
        .with(input::EMBEDDINGS, embeddings)
        .with(
            input::COHORT,
            Cohort {
                level,
                ..testkit::cohort(slices)
            },
        )
        .with(input::FOLDS, Folds { of_slice: fold })
        .with(input::SERIES_NETWORK, SeriesNetworkSpec::new(Factory { logits }))
        .with(input::LOSS, Loss::new(MeanCrossEntropy))
}

fn stage() -> FitSeries {
    serde_json::from_str(
        r#"{"batch": 3, "accumulate": 2, "ema": 0.9, "clip_norm": 5.0,
            "vary": {"window": 3, "every_second": 0.4, "reversed": 0.5},
            "optimizer": {"kind": "adamw", "weight_decay": 0.01},
            "checkpoint": {"metric": "valid_loss", "every_minutes": 0},
            "phases": [{"epochs": 2, "lr": 0.01}, {"epochs": 12, "lr": 0.05, "schedule": {"kind": "cosine"}}]}"#,
    )
    .unwrap()
}

fn run_in(home: &Path, stage: &FitSeries, inputs: &Inputs, stop_after: Option<usize>) -> Result<Outputs> {
    let stop: &'static std::sync::atomic::AtomicBool = Box::leak(Box::default());
    let mut run = testkit::run_context(home);
    run.stop = stop;
    if let Some(epochs) = stop_after {
        run.observer = Box::new(StopAfter {
            stop,
            epochs: std::sync::atomic::AtomicUsize::new(epochs),
        });
    }
    let context = Context::new(&run, "train_series", FitSeries::NAME, "key").made_of("a");
    stage.run(inputs, &context)
}

/// Stops the run when so many epochs have been told of.
struct StopAfter {
    stop: &'static std::sync::atomic::AtomicBool,
    epochs: std::sync::atomic::AtomicUsize,
}

impl ichflow_api::context::Observer for StopAfter {
    fn progress(&self, _: &str, _: &str, _: u64, _: &str) -> Box<dyn ichflow_api::context::Progress> {
        Box::new(ichflow_api::context::Silent)
    }
    fn say(&self, _: &str, _: &str) {}
    fn warn(&self, _: &str, _: &str) {}
    fn event(&self, _: &str, kind: &str, _: serde_json::Value) {
        if kind == "epoch" && self.epochs.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// What the trained model says of a series.
fn says(outputs: &mut Outputs) -> Vec<f32> {
    let model = outputs.take(output::SERIES_MODEL).unwrap();
    let series = SeriesValues {
        embeddings: vec![3.0, 1.0, -3.0, 1.0],
        logits: Vec::new(),
        position_mm: vec![0.0, 5.0],
        relative: vec![0.0, 1.0],
        spacing_mm: 5.0,
    };
    model.predict(&[series], &Device::flex()).unwrap().slices
}

#[test]
fn it_learns_and_tells_whose_slices_it_has_seen() {
    let home = tempfile::tempdir().unwrap();
    let given = inputs(false, TrainedOn::ids(["elsewhere"]));
    let mut outputs = run_in(home.path(), &stage(), &given, None).unwrap();
    let history = outputs.take(output::SERIES_HISTORY).unwrap();
    assert_eq!(history.epochs.len(), 14);
    let losses: Vec<f64> = history.epochs.iter().map(|epoch| epoch.valid_loss).collect();
    assert!(losses[13] < 0.5 * losses[0], "{losses:?}");
    let model = outputs.take(output::SERIES_MODEL).unwrap();
    let of = |id: &str| model.trained_on.has(&testkit::slice(id, "p", None));
    assert!(of("0.0") && of("elsewhere") && !of("3.0"));
    // Found again, and not trained again.
    let mut again = run_in(home.path(), &stage(), &given, None).unwrap();
    let found = says(&mut again);
    assert!(found[0] > 0.6 && found[LABELS] < 0.4, "{found:?}");
}

#[test]
fn it_carries_on_to_the_same_bits_wherever_it_was_stopped() {
    let given = inputs(false, TrainedOn::default());
    let whole = tempfile::tempdir().unwrap();
    let expected = says(&mut run_in(whole.path(), &stage(), &given, None).unwrap());
    let stopped = tempfile::tempdir().unwrap();
    for epochs in [1, 2, 1, 5] {
        let outcome = run_in(stopped.path(), &stage(), &given, Some(epochs));
        assert!(matches!(outcome, Err(Error::Interrupted)));
    }
    let carried = says(&mut run_in(stopped.path(), &stage(), &given, None).unwrap());
    assert_eq!(carried, expected);
}

#[test]
fn logits_of_slices_that_were_trained_on_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let seen = || TrainedOn::ids(["0.0", "2.1"]);
    let said = run_in(home.path(), &stage(), &inputs(true, seen()), None)
        .err()
        .unwrap();
    assert!(said.chain().contains("2 of"), "{}", said.chain());
    // Embeddings of these may be learned from, and logits of others.
    for given in [inputs(false, seen()), inputs(true, TrainedOn::ids(["3.0"]))] {
        let home = tempfile::tempdir().unwrap();
        run_in(home.path(), &stage(), &given, None).unwrap();
    }
}

#[test]
fn labels_of_exams_are_learned_from_what_is_said_of_series_as_a_whole() {
    let home = tempfile::tempdir().unwrap();
    let given = inputs_at(Level::Study, false, TrainedOn::default());
    let mut outputs = run_in(home.path(), &stage(), &given, None).unwrap();
    let history = outputs.take(output::SERIES_HISTORY).unwrap();
    let losses: Vec<f64> = history.epochs.iter().map(|epoch| epoch.valid_loss).collect();
    assert!(losses[13] < 0.5 * losses[0], "{losses:?}");
    let model = outputs.take(output::SERIES_MODEL).unwrap();
    assert_eq!(model.level, Level::Study);
    let series = |value: f32| SeriesValues {
        embeddings: vec![value, 1.0, value, 1.0],
        logits: Vec::new(),
        position_mm: vec![0.0, 5.0],
        relative: vec![0.0, 1.0],
        spacing_mm: 5.0,
    };
    let found = model
        .predict(&[series(2.0), series(-2.0)], &Device::flex())
        .unwrap();
    assert!(
        found.exams[0] > 0.6 && found.exams[LABELS] < 0.4,
        "{:?}",
        found.exams
    );
}
