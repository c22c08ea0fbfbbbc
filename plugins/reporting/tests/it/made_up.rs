//! A run made of nothing: drawn heads, an untrained network, predictions from a hash.

use std::path::Path;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use ichflow_api::context::RunContext;
use ichflow_api::data::balance::{BalanceLine, FoldSize};
use ichflow_api::data::calibration::{LabelCalibration, LabelReliability};
use ichflow_api::data::labels::Labels;
use ichflow_api::data::labels::rsna::{COUNT, LABELS};
use ichflow_api::metrics::ReliabilityBin;
use ichflow_api::prelude::*;
use ichflow_api::tensors::history::Epoch;
use ichflow_api::tensors::model::{Preparation, Resize};
use ichflow_api::testkit::{self, MadePixels};
use ichflow_evaluation::settings::Evaluate;
use ichflow_reporting::explain::HeatMaps;
use ichflow_reporting::metrics_report::MetricsReport;
use serde_json::json;

use super::drawn_head::{head, noise};

/// What to make.
pub(crate) struct Plan {
    pub patients: usize,
    pub slices_per_patient: usize,
    /// One of so many patients is for validation.
    pub validation_every: usize,
    pub epochs: usize,
    pub channels: usize,
    pub with_test: bool,
    /// Put into every text a person can set.
    pub text: &'static str,
    /// Whether slices can be read.
    pub readable: bool,
    /// Whether there is a network.
    pub trained: bool,
    /// Whether there are a baseline, calibration, thresholds and a balance.
    pub rich: bool,
    /// The truth of a patient's slice.
    pub labels: fn(patient: usize, slice: usize) -> Option<Labels>,
    /// Whether `grad-cam` ran before, and took none of the slices.
    pub explained: bool,
    /// Whether test slices have a truth.
    pub test_labels: bool,
    /// How much of the page slices may take in HU.
    pub viewer_mb: usize,
    /// The probability of a label of the slice with this number, if it is not drawn.
    pub probability: Option<fn(slice: usize, positive: bool) -> f64>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            patients: 120,
            slices_per_patient: 12,
            validation_every: 5,
            epochs: 11,
            channels: 3,
            with_test: true,
            text: "Small network on brain, subdural and soft-tissue windows",
            readable: true,
            trained: true,
            rich: true,
            labels: |patient, slice| Some(labels(patient, slice)),
            explained: false,
            test_labels: true,
            viewer_mb: 6,
            probability: None,
        }
    }
}

/// What came out.
pub(crate) struct Made {
    pub html: String,
    pub metrics_json: serde_json::Value,
}

#[derive(Module, Debug)]
struct Tiny {
    conv: Conv2d,
}

impl Backbone for Tiny {
    fn features(&self, images: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
        self.conv.forward(images)
    }
    fn feature_count(&self) -> usize {
        2
    }
}

struct Windows(usize);

impl WindowScheme for Windows {
    fn channels(&self) -> usize {
        self.0
    }
    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let windows = [(40.0, 80.0), (80.0, 200.0), (40.0, 380.0)];
        let planes = windows[..self.0]
            .iter()
            .map(|(center, width)| linear_window(batch.hu(), *center, *width));
        Tensor::cat(planes.collect(), 1)
    }
}

fn labels(patient: usize, slice: usize) -> Labels {
    let prevalence = [0.0, 0.0, 0.2, 0.12, 0.15, 0.25];
    let mut labels = [false; COUNT];
    for (label, prevalence) in prevalence.iter().enumerate() {
        let bleeds = noise((patient * 8 + label) as u64) < *prevalence;
        labels[label] = bleeds && (3..8).contains(&slice);
    }
    labels[0] = labels.iter().any(|positive| *positive);
    labels.into()
}

fn cohort(plan: &Plan, prefix: &str) -> Cohort {
    let slices = (0..plan.patients * plan.slices_per_patient).map(|i| {
        let (patient, slice) = (i / plan.slices_per_patient, i % plan.slices_per_patient);
        let id = format!("ID_{prefix}{i:05x}");
        let mut made = testkit::slice(
            &id,
            &format!("SECRET^PATIENT {prefix}{patient}"),
            (plan.labels)(patient, slice),
        );
        made.tags.window_center = Some(40.0);
        made
    });
    let mut cohort = testkit::cohort(slices.collect());
    cohort.remarks = vec![
        format!(
            "4 ids are listed twice in the labels; the second was dropped. {}",
            plan.text
        ),
        "12 files have no labels and were left out.".into(),
    ];
    cohort
}

fn predictions(plan: &Plan, slices: Vec<Slice>) -> Predictions {
    let probabilities = slices
        .iter()
        .enumerate()
        .map(|(index, slice)| {
            let truth: Vec<bool> = (0..COUNT)
                .map(|label| {
                    slice
                        .labels
                        .as_ref()
                        .is_some_and(|truth| truth.is_positive(label))
                })
                .collect();
            let probability = |label: usize| {
                if let Some(probability) = plan.probability {
                    return probability(index, truth[label]);
                }
                let place = (index * COUNT + label) as u64 + 1_000_000;
                let doubt = noise(place) + noise(place + 77_777_777);
                let logit = -4.0
                    + 1.6 * doubt
                    + if truth[label] {
                        4.5 * noise(place ^ 12_345) + 1.0
                    } else {
                        0.0
                    };
                1.0 / (1.0 + (-logit).exp())
            };
            (0..COUNT).map(probability).collect()
        })
        .collect();
    Predictions {
        slices,
        probabilities,
        ..Predictions::default()
    }
}

fn history(epochs: usize) -> History {
    let of = |epoch: usize| {
        let x = epoch as f64;
        let valid_loss = 0.13 + 0.22 * (-x / 2.5).exp() + 0.0012 * (x - 7.0).max(0.0).powi(2);
        Epoch {
            epoch,
            phase: if epoch == 1 { 1 } else { 2 },
            lr: if epoch == 1 {
                1e-4
            } else {
                4e-4 * 0.8_f64.powi(epoch as i32 - 2)
            },
            train_loss: 0.11 + 0.3 * (-x / 2.2).exp(),
            valid_loss,
            valid_auc_any: Some(0.9),
            best: epoch <= 8,
            slices_per_second: 100.0,
            data_loading_wait: 0.1,
            lr_end: 3e-4,
            gradient_norm: Some(1.5),
            seconds: 60.0,
            monitored: Some(valid_loss),
            memory_mib: Some(900.0),
            windows: Vec::new(),
        }
    };
    History {
        epochs: (1..=epochs).map(of).collect(),
        ..History::default()
    }
}

fn run(directory: &Path, plan: &Plan) -> RunContext {
    let mut run = testkit::run_context(directory);
    run.title = plan.text.into();
    run.resolved_recipe = format!(
        "ichflow = 1\ntitle = \"{}\"\nseed = 42\n\n[window]\nuse = \"bsb\"\n\n[split]\nuse = \
         \"multilabel-stratified\"\ngroup_by = \"patient\"\nvalid = 0.06\n",
        plan.text
    );
    run.provenance = json!({
        "ichflow": "0.1.0",
        "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": false},
        "device": "cpu",
        "command": ["ichflow", "run", "recipes/small.toml", plan.text],
        "data": {"slices": 1440, "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    });
    run
}

/// What stages between the network and the report may add.
fn rich(inputs: Inputs) -> Inputs {
    let valid = inputs.take(input::VALID).unwrap();
    let baseline = Predictions {
        slices: valid.slices.iter().rev().cloned().collect(),
        probabilities: vec![vec![0.08, 0.01, 0.03, 0.02, 0.03, 0.04]; valid.slices.len()],
        ..Predictions::default()
    };
    let thresholds = Thresholds {
        target: "a sensitivity of at least 0.9".into(),
        of_label: vec![Some(0.125), None, Some(0.2), Some(0.3), Some(0.25), Some(0.15)],
        validation: valid
            .slices
            .iter()
            .map(|slice| {
                (
                    slice.id.clone(),
                    vec![Some(0.1), None, Some(0.2), Some(0.3), Some(0.25), Some(0.15)],
                )
            })
            .collect(),
        ..Thresholds::default()
    };
    let reliability = |error: f64| LabelReliability {
        log_loss: 0.2 + error,
        expected_calibration_error: error,
        bins: (1..8)
            .map(|bin| ReliabilityBin {
                slices: 10 * bin,
                predicted: bin as f64 / 8.0,
                observed: (bin as f64 / 8.0 + error).min(1.0),
            })
            .collect(),
    };
    let calibration = Calibration {
        unit: Level::Slice,
        method: "platt".into(),
        weighted_log_loss_before: 0.31,
        weighted_log_loss_after: 0.25,
        labels: LABELS
            .iter()
            .map(|label| LabelCalibration {
                label: (*label).into(),
                before: reliability(0.21875),
                after: reliability(0.03125),
            })
            .collect(),
    };
    let fold = |index: usize| FoldSize {
        name: format!("fold {index}"),
        groups: 24,
        validation: index == 1,
    };
    let balance = Balance {
        grouped: "patients".into(),
        folds: (0..5).map(fold).collect(),
        lines: vec![BalanceLine {
            what: "slices".into(),
            counts: vec![288; 5],
            ideal: vec![288.0; 5],
        }],
        leaks: vec!["2 patients have slices on both sides of the split".into()],
    };
    inputs
        .with(optional::BASELINE, baseline)
        .with(optional::THRESHOLDS, thresholds)
        .with(optional::CALIBRATION, calibration)
        .with(optional::BALANCE, balance)
}

/// Evaluates and reports into `directory`.
pub(crate) fn make(directory: &Path, plan: &Plan) -> Made {
    try_make(directory, plan).unwrap()
}

/// The same; an error if nothing can be measured.
pub(crate) fn try_make(directory: &Path, plan: &Plan) -> Result<Made> {
    let run = run(directory, plan);
    let cohort = cohort(plan, "");
    let folds = Folds {
        of_slice: (0..cohort.len())
            .map(|i| {
                let is_validation = (i / plan.slices_per_patient) % plan.validation_every == 1;
                if is_validation { Fold::Valid } else { Fold::Train }
            })
            .collect(),
    };
    let validation = folds
        .indices(Fold::Valid)
        .into_iter()
        .map(|i| cohort.slices[i].clone())
        .collect();
    let device = run.device.open();
    device.seed(1);
    let backbone = Tiny {
        conv: Conv2dConfig::new([plan.channels, 2], [3, 3]).init(&device),
    };
    let model = Model {
        preparation: Preparation {
            window: Window::new(Windows(plan.channels)),
            resize: (plan.channels == 3).then_some(Resize { size: 128 }),
            normalisation: Normalisation::none(),
        },
        network: Network::new(backbone, COUNT, 0.0, &device),
        description: format!("tiny network, random weights {}", plan.text),
        views: Default::default(),
        trained_on: Default::default(),
    };
    let readable = plan.readable;
    let pixels = Pixels::new(MadePixels::new(move |slice| readable.then(|| head(slice))));
    let loader = Context::new(&run, "load", "rsna", "key");
    loader.quarantine(
        "ID_6431af929",
        Path::new("/data/SECRET^PATIENT/ID_6431af929.dcm"),
        format!(
            "/data/SECRET^PATIENT/ID_6431af929.dcm: the pixel data is 2 bytes short. {}",
            plan.text
        ),
    );
    let mut inputs = Inputs::default()
        .with(input::COHORT, cohort)
        .with(input::FOLDS, folds)
        .with(input::VALID, predictions(plan, validation))
        .with(input::PIXELS, pixels);
    if plan.trained {
        inputs = inputs
            .with(optional::HISTORY, history(plan.epochs))
            .with(input::MODEL, model);
    }
    if plan.rich {
        inputs = rich(inputs);
    }
    if plan.explained {
        inputs = inputs.with(HeatMaps::INPUT, HeatMaps::default());
    }
    if plan.with_test {
        let test = Plan {
            patients: 30,
            labels: if plan.test_labels {
                plan.labels
            } else {
                |_, _| None
            },
            ..Plan::default()
        };
        inputs = inputs.with(optional::TEST, predictions(plan, self::cohort(&test, "t").slices));
    }
    let evaluate = Evaluate::default();
    let mut outputs = evaluate.run(&inputs, &Context::new(&run, "evaluate", Evaluate::NAME, "key"))?;
    let metrics = outputs.take(output::METRICS).unwrap();
    let inputs = inputs.with_any(input::METRICS.name(), metrics);
    let stage = MetricsReport {
        // Pictures along the series are smaller, and what is grey is told by the size of all.
        along: if plan.channels == 1 { 0 } else { 4 },
        viewer_mb: plan.viewer_mb,
        ..MetricsReport::default()
    };
    stage.run(&inputs, &Context::new(&run, "report", MetricsReport::NAME, "key"))?;
    let report = run.report().unwrap();
    Ok(Made {
        html: std::fs::read_to_string(&report).unwrap(),
        metrics_json: serde_json::from_str(
            &std::fs::read_to_string(run.directory.join("metrics.json")).unwrap(),
        )
        .unwrap(),
    })
}
