//! The stage: its parameters, and how its parts come together.

use std::collections::BTreeMap;
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::needs::{Known, Needs};
use ichflow_api::nn::Precision;
use ichflow_api::prelude::*;
use ichflow_api::tensors::device::all_like;
use ichflow_api::tensors::model::Preparation;

use super::checkpoint::{self, Checkpoint, Store};
use super::data::Data;
use super::early_stopping::EarlyStopping;
use super::gradients::Clipping;
use super::learner::Learner;
use super::needs;
use super::optimizer::{Adam, Optimizer};
use super::phase::Phase;
use super::settings::Settings;
use super::slices::SliceTask;
use super::train_loop::TrainLoop;
use super::validator::Validator;
use crate::kind::Kind;

/// Trains a network on the training fold, and keeps the weights of the epoch that is best on the validation fold by
/// the checkpoint's metric.
///
/// Writes `history.csv`, `checkpoints/best.bpk` and `checkpoints/last.bpk`. A training that was stopped, also
/// by a crash, carries on where it stood when the same recipe is run again, and ends with the same weights
/// (on a CPU bit for bit). The state it needs for that (two to four times the size of the weights) is
/// removed when training has ended; the result is kept, and found again by the same recipe.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fit {
    /// Phases of training, one after the other.
    #[schemars(length(min = 1))]
    pub phases: Vec<Phase>,
    /// Slices in a batch.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 2, max = 4096))]
    pub batch: usize,
    /// Batches whose gradients are added up for one step: a step sees `batch` times as many slices, in the
    /// memory of one batch. Normalisation still sees one batch at a time.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 4096))]
    pub accumulate: usize,
    /// How weights follow their gradients: `{ kind = "adamw", weight_decay = 0.01 }`.
    #[serde(default = "adam")]
    pub optimizer: Kind<dyn Optimizer>,
    /// Learning rates of parts by their path, as multiples of the phase's: `{ "backbone" = 0.1 }`. The longest
    /// path counts.
    #[serde(default)]
    pub lr_multipliers: BTreeMap<String, f64>,
    /// Largest norm of all gradients together; larger ones are scaled down. None: they stay as they are.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub clip_norm: Option<f64>,
    /// Largest size of a gradient's entry, applied before `clip_norm`. None: they stay as they are.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub clip_value: Option<f64>,
    /// Decay of an exponential moving average of the weights (EMA), which is evaluated and kept in their
    /// place; 0.99 to 0.9999, the nearer to 1 the more steps there are. It starts lower, as
    /// (1 + t) / (10 + t) at step t. Normalisation's running statistics are averaged alike. None: no average.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub ema: Option<f64>,
    /// The numbers that convolutions and linear layers multiply while training. Weights, normalisation, losses and
    /// validation predictions stay in f32.
    #[serde(default)]
    pub precision: Precision,
    /// Which devices train: the one that `--device` names, or all of its kind, each with a part of every batch.
    #[serde(default)]
    pub devices: Devices,
    /// Which epoch is kept, and how often the state is written: `{ metric = "auc_any" }`.
    #[serde(default)]
    pub checkpoint: Checkpoint,
    /// When a phase ends before its last epoch: `{ patience = 3 }`. None: each phase has all of its epochs.
    #[serde(default)]
    pub early_stopping: Option<EarlyStopping>,
    /// A loss above this ends training, as one that is NaN does.
    #[serde(default = "default_max_loss")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub max_loss: f64,
}

/// Which devices share a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Devices {
    /// The device of the run alone.
    #[default]
    One,
    /// All GPUs of the machine, the device of the run first. Batch normalisation sees the parts of a batch.
    All,
}

fn default_batch() -> usize {
    32
}

fn one() -> usize {
    1
}

fn adam() -> Kind<dyn Optimizer> {
    Adam::default().into()
}

fn default_max_loss() -> f64 {
    1000.0
}

impl Fit {
    /// What the loop takes of these parameters.
    pub(super) fn settings(&self) -> Settings<'_> {
        Settings {
            phases: &self.phases,
            batch: self.batch,
            accumulate: self.accumulate,
            optimizer: &self.optimizer,
            lr_multipliers: &self.lr_multipliers,
            clipping: Clipping {
                value: self.clip_value,
                norm: self.clip_norm,
            },
            ema: self.ema,
            checkpoint: &self.checkpoint,
            early_stopping: self.early_stopping.as_ref(),
            max_loss: self.max_loss,
        }
    }
}

impl Stage for Fit {
    const NAME: &'static str = "fit";
    const FAMILY: Family = Family::Train;
    const SUMMARY: &'static str = "trains a network in phases, keeps the best epoch";
    const EXAMPLE: &'static str = r#"[train]
use = "fit"
batch = 32
optimizer = { kind = "adamw", weight_decay = 0.01 }
phases = [
  { epochs = 1, lr = 1e-4, trainable = "last 5" },
  { epochs = 10, lr = 4e-4, fraction = 0.1667, schedule = { kind = "cosine" } },
]
"#;
    const VERSION: u32 = 3;
    const SEEDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["checkpoint.every_minutes"];
    const RENAMED: &'static [(&'static str, &'static str)] = &[
        ("optimiser", "`optimizer = { kind = … }`"),
        (
            "betas",
            "`betas = …` in the table of \"adam\" or \"adamw\": `optimizer = { kind = \"adam\", betas = … }`",
        ),
        (
            "epsilon",
            "`epsilon = …` in the table of \"adam\" or \"adamw\": `optimizer = { kind = \"adam\", epsilon = … }`",
        ),
        ("momentum", "`optimizer = { kind = \"sgd\", momentum = … }`"),
        ("nesterov", "`optimizer = { kind = \"sgd\", nesterov = … }`"),
        (
            "weight_decay",
            "`weight_decay = …` in the optimizer's table: `optimizer = { kind = \"adamw\", weight_decay = … }`",
        ),
        (
            "decay_all",
            "`decay_all = …` in the optimizer's table: `optimizer = { kind = \"adamw\", decay_all = … }`",
        ),
        ("lr_of", "`lr_multipliers = …`"),
        ("keep", "`checkpoint = { metric = … }`"),
        ("checkpoint_minutes", "`checkpoint = { every_minutes = … }`"),
        ("patience", "`early_stopping = { patience = … }`"),
        (
            "watch",
            "`monitor = …` beside the patience: `early_stopping = { patience = 3, monitor = … }`",
        ),
        (
            "phases[].negatives",
            "`sampling = { kind = \"undersample\", negatives_per_positive = … }` in the phase",
        ),
        ("phases[].sampling", "`sampling = { kind = … }` in the phase"),
        ("phases[].curve", "`schedule = { kind = … }` in the phase"),
        ("phases[].warmup", "`warmup = { epochs = … }` in the phase"),
        (
            "phases[].warmup_start",
            "`initial_factor = …` in the warm-up's table: `warmup = { epochs = 1, initial_factor = … }`",
        ),
        (
            "phases[].end",
            "`final_factor = …` in the schedule's table: `schedule = { kind = \"cosine\", final_factor = … }`",
        ),
        (
            "phases[].start",
            "`schedule = { kind = \"one-cycle\", initial_factor = … }` in the phase",
        ),
        (
            "phases[].rise",
            "`schedule = { kind = \"one-cycle\", pct_start = … }` in the phase",
        ),
        (
            "phases[].step_epochs",
            "`schedule = { kind = \"step\", every_epochs = … }` in the phase",
        ),
        (
            "phases[].step_factor",
            "`schedule = { kind = \"step\", factor = … }` in the phase",
        ),
    ];

    fn ports() -> Ports {
        Ports::new()
            .takes(input::COHORT)
            .takes(input::FOLDS)
            .takes(input::PIXELS)
            .takes(input::WINDOW)
            .takes(optional::RESIZE)
            .takes(optional::AUGMENT)
            .takes(input::NETWORK)
            .takes(input::LOSS)
            .offers(output::MODEL)
            .offers(output::HISTORY)
            .wants_labels(input::COHORT)
    }

    fn check(&self) -> Vec<Problem> {
        self.settings().check()
    }

    fn check_labels(&self, labels: &LabelSet) -> Vec<Problem> {
        self.settings().check_labels(labels)
    }

    fn needs(&self, known: &Known) -> Result<Needs> {
        needs::of(self, known)
    }

    fn resumes(&self, directory: &Path) -> Option<String> {
        self.settings().resumes(directory)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        context.keep(
            |directory| {
                let prepared = self.prepare(inputs, context)?;
                prepared.result(directory, context)
            },
            |directory| {
                let mut prepared = self.prepare(inputs, context)?;
                if !checkpoint::is_whole(directory) {
                    prepared = self.train(prepared, inputs, directory, context)?;
                }
                checkpoint::tidy(directory)?;
                prepared.result(directory, context)
            },
        )
    }
}

/// What training begins with.
struct Prepared {
    data: Data,
    network: Network,
    description: String,
}

impl Fit {
    /// The data, and the network with its starting weights.
    fn prepare(&self, inputs: &Inputs, context: &Context) -> Result<Prepared> {
        let spec = inputs.take(input::NETWORK)?;
        let folds = inputs.take(input::FOLDS)?;
        let data = Data {
            cohort: inputs.take(input::COHORT)?,
            pixels: (*inputs.take(input::PIXELS)?).clone(),
            preparation: Preparation {
                window: (*inputs.take(input::WINDOW)?).clone(),
                resize: inputs.get(optional::RESIZE)?.map(|resize| *resize),
                normalisation: spec.normalisation(),
            },
            train: folds.indices(Fold::Train),
            validation: folds.indices(Fold::Valid),
        };
        if data.train.len() < 2 {
            return Err(Error::new(format!(
                "the training fold has {}, and training needs two",
                counted(data.train.len(), "slice", "slices")
            ))
            .help("lower the share of the validation fold, or use more data"));
        }
        if let Some(phase) = self.phases.first()
            && !phase.trains_everything()
            && !spec.is_trained()
        {
            context.warn(format!(
                "the network starts from random weights, and its first phase trains a part of it alone (`trainable = {:?}`): \
                 name starting weights by the network's `weights`, or let the phase train all",
                phase.trainable
            ));
        }
        if data.cohort.level != Level::Slice {
            context.warn(format!(
                "labels are known of each {}: every slice is trained towards its {}'s, although most slices of a positive \
                 one show nothing; `fit-series` with `series-attention` learns from such labels",
                data.cohort.level, data.cohort.level
            ));
        }
        let device = context.device().autodiff();
        device.seed(context.seed_for("weights"));
        let network = data.network(&spec, &device)?;
        context.record_fact("parameters", ichflow_api::nn::parameters::count(&network).into());
        Ok(Prepared {
            data,
            network,
            description: spec.describe(),
        })
    }

    fn train(
        &self,
        prepared: Prepared,
        inputs: &Inputs,
        directory: &Path,
        context: &Context,
    ) -> Result<Prepared> {
        let Prepared {
            data,
            network,
            description,
        } = prepared;
        let devices = match self.devices {
            Devices::One => vec![context.device()],
            Devices::All => all_like(&context.device()),
        };
        if devices.len() > 1 {
            context.say(format!("{} devices share every batch", devices.len()));
        }
        context.say(format!(
            "{description}, {} parameters; {} training slices, {} validation slices",
            ichflow_api::nn::parameters::count(&network),
            data.train.len(),
            data.validation.len()
        ));
        let spec = inputs.take(input::NETWORK)?;
        let task = SliceTask {
            learner: Learner {
                data: &data,
                devices: devices.into_iter().map(Device::autodiff).collect(),
                precision: self.precision,
                loss: inputs.take(input::LOSS)?,
                augment: inputs.get(optional::AUGMENT)?,
                augment_rng: context.rng("augment"),
                dropout_seed: context.seed_for("dropout"),
            },
            validator: Validator {
                data: &data,
                device: context.device(),
                batch: self.batch,
            },
            spec: &spec,
        };
        let (store, saved) = Store::open(directory, self.checkpoint.every_minutes, context)?;
        let train_loop = TrainLoop {
            settings: self.settings(),
            context,
            task: &task,
        };
        let network = train_loop.train(network, store, saved)?;
        Ok(Prepared {
            data,
            network,
            description,
        })
    }
}

impl Prepared {
    /// What the directory holds after training, as artifacts and as files of the run.
    fn result(self, directory: &Path, context: &Context) -> Result<Outputs> {
        let (network, history) = checkpoint::read(directory, self.network, context)?;
        let model = Model {
            trained_on: self.data.trained_on(),
            ..self.data.model(network, &self.description)
        };
        Ok(Outputs::new()
            .with(output::MODEL, model)
            .with(output::HISTORY, history))
    }
}

ichflow_api::register!(Fit);
