//! The stage: its parameters, and how its parts come together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ichflow_api::nn::series::SeriesShape;
use ichflow_api::nn::{Precision, parameters};
use ichflow_api::prelude::*;
use ichflow_api::tensors::series_units::SeriesUnits;

use super::loss::{SeriesLoss, Weights};
use super::task::SeriesTask;
use super::vary::Vary;
use crate::fit::checkpoint;
use crate::fit::optimizer::{Adam, Optimizer};
use crate::fit::{Checkpoint, Clipping, EarlyStopping, Phase, Settings, Store, TrainLoop};
use crate::kind::Kind;

/// Trains a sequence network on the embedded slices of series, by the same loop as `fit`: phases, optimizers, schedules,
/// checkpoints and early stopping are the same, and so is carrying on after a stop, bit for bit on a CPU.
///
/// An epoch takes every training series once, in batches of series of like length; a series is its slices in order, and
/// `vary` takes parts of it. Slices without labels have no part in the loss, and where labels are those of exams it is on
/// what the network says of a series as a whole.
///
/// Embeddings of slices that the image network was trained on may be learned from. Its logits of these may not: they
/// are surer of the truth than those of other slices will ever be, and what is learned from them fails elsewhere. A
/// network that reads logits wants embeddings of a network that was trained on other slices (`out-of-fold`).
///
/// Writes `history.csv` and checkpoints as `fit` does, under the stage's name where `fit` has taken theirs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FitSeries {
    /// Phases of training, one after the other.
    #[schemars(length(min = 1))]
    pub phases: Vec<Phase>,
    /// Series in a batch.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 1, max = 4096))]
    pub batch: usize,
    /// Batches whose gradients are added up for one step.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 4096))]
    pub accumulate: usize,
    /// Parts of series in place of whole ones: `{ window = 24, every_second = 0.5, reversed = 0.5 }`.
    #[serde(default)]
    pub vary: Vary,
    /// How much the loss of a network's first stage counts beside that of its output, where it has one.
    #[serde(default = "whole")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub first_stage_weight: f64,
    /// How much the loss of what a network says of a series as a whole counts beside that of its slices, where it says
    /// so and slices have labels. The truth of a series is then the highest of its slices'.
    #[serde(default = "whole")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub exam_weight: f64,
    /// How weights follow their gradients: `{ kind = "adamw", weight_decay = 0.01 }`.
    #[serde(default = "adam")]
    pub optimizer: Kind<dyn Optimizer>,
    /// Learning rates of parts by their path, as multiples of the phase's. The longest path counts.
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
    /// Decay of an exponential moving average of the weights (EMA), which is evaluated and kept in their place. None:
    /// no average.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub ema: Option<f64>,
    /// The numbers that layers multiply while training.
    #[serde(default)]
    pub precision: Precision,
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

fn default_batch() -> usize {
    32
}

fn one() -> usize {
    1
}

fn whole() -> f64 {
    1.0
}

fn adam() -> Kind<dyn Optimizer> {
    Adam::default().into()
}

fn default_max_loss() -> f64 {
    1000.0
}

impl Stage for FitSeries {
    const NAME: &'static str = "fit-series";
    const FAMILY: Family = Family::Train;
    const SUMMARY: &'static str = "trains a sequence network on the embedded slices of series";
    const EXAMPLE: &'static str = r#"[train_series]
use = "fit-series"
batch = 32
vary = { window = 24, every_second = 0.5, reversed = 0.5 }
phases = [{ epochs = 20, lr = 3e-4, schedule = { kind = "step", every_epochs = 10, factor = 0.1 } }]
"#;
    const SEEDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["checkpoint.every_minutes"];

    fn ports() -> Ports {
        Ports::new()
            .takes(input::EMBEDDINGS)
            .takes(input::COHORT)
            .takes(input::FOLDS)
            .takes(input::SERIES_NETWORK)
            .takes(input::LOSS)
            .offers(output::SERIES_MODEL)
            .offers(output::SERIES_HISTORY)
            .wants_labels(input::COHORT)
    }

    fn check(&self) -> Vec<Problem> {
        self.settings().check()
    }

    fn check_labels(&self, labels: &LabelSet) -> Vec<Problem> {
        self.settings().check_labels(labels)
    }

    fn resumes(&self, directory: &Path) -> Option<String> {
        self.settings().resumes(directory)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let task = self.task(inputs, context)?;
        context.keep(
            |directory| result(&task, directory, context),
            |directory| {
                if !checkpoint::is_whole(directory) {
                    self.train(&task, directory, context)?;
                }
                checkpoint::tidy(directory)?;
                result(&task, directory, context)
            },
        )
    }
}

ichflow_api::register!(FitSeries);

impl FitSeries {
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

    /// What is trained, and on what.
    pub(super) fn task(&self, inputs: &Inputs, context: &Context) -> Result<SeriesTask> {
        let embeddings = inputs.take(input::EMBEDDINGS)?;
        let (cohort, folds) = (inputs.take(input::COHORT)?, inputs.take(input::FOLDS)?);
        let spec = inputs.take(input::SERIES_NETWORK)?;
        let places = cohort.index();
        let of_fold = |fold: Fold| {
            let is_of = |slice: &Slice| {
                let place = places.get(slice.id.as_str());
                place.and_then(|place| folds.of_slice.get(*place)) == Some(&fold)
            };
            Arc::new(SeriesUnits::of(&embeddings, is_of))
        };
        let (train, validation) = (of_fold(Fold::Train), of_fold(Fold::Valid));
        if train.is_empty() {
            return Err(Error::new("no embedded slice is in the training fold")
                .help("wire `embeddings` and `folds` to stages that were given the same cohort"));
        }
        if spec.reads_logits() {
            refuse_in_fold(&train, &embeddings)?;
        }
        let level = cohort.level;
        if level > Level::Slice && !spec.tells_exams() {
            return Err(Error::new(format!(
                "labels are those of {}, and {} tells of slices alone",
                level.plural(),
                spec.describe()
            ))
            .help("give the sequence network attention over the slices of an exam"));
        }
        let labels = embeddings.labels();
        let shape = SeriesShape {
            features: embeddings.width(),
            logits: if spec.reads_logits() { labels } else { 0 },
            labels,
        };
        let of_slices = level == Level::Slice;
        Ok(SeriesTask {
            train,
            validation,
            level,
            spec: (*spec).clone(),
            shape,
            devices: vec![context.device().autodiff()],
            precision: self.precision,
            loss: SeriesLoss {
                loss: inputs.take(input::LOSS)?,
                weights: Weights {
                    slices: if of_slices { 1.0 } else { 0.0 },
                    first_stage: self.first_stage_weight,
                    exam: if of_slices { self.exam_weight } else { 1.0 },
                },
                labels: cohort.labels.clone(),
            },
            vary: self.vary.clone(),
            vary_rng: context.rng("vary"),
            dropout_seed: context.seed_for("dropout"),
            batch: self.batch,
        })
    }

    fn train(&self, task: &SeriesTask, directory: &Path, context: &Context) -> Result<()> {
        for device in &task.devices {
            device.seed(context.seed_for("weights"));
        }
        let network = task.network()?;
        let count = parameters::count(&network);
        context.record_fact("parameters", count.into());
        context.say(format!(
            "{}, {count} parameters; {} training series, {} validation series",
            task.spec.describe(),
            task.train.len(),
            task.validation.len()
        ));
        let (store, saved) = Store::open(directory, self.checkpoint.every_minutes, context)?;
        let train_loop = TrainLoop {
            settings: self.settings(),
            context,
            task,
        };
        train_loop.train(network, store, saved)?;
        Ok(())
    }
}

/// What the directory holds after training, as artifacts and as files of the run.
fn result(task: &SeriesTask, directory: &Path, context: &Context) -> Result<Outputs> {
    let (network, history) = checkpoint::read(directory, task.network()?, context)?;
    let units = &task.train;
    let slices = (0..units.len()).flat_map(|unit| units.slices(unit));
    let own = TrainedOn::ids(slices.map(|slice| slice.id.as_str()));
    let model = SeriesModel {
        trained_on: own.and(units.embeddings().trained_on()),
        ..task.model(network)
    };
    Ok(Outputs::new()
        .with(output::SERIES_MODEL, model)
        .with(output::SERIES_HISTORY, history))
}

/// Refuses logits of slices that the image network was trained on.
fn refuse_in_fold(train: &SeriesUnits, embeddings: &Embeddings) -> Result<()> {
    let slices = || (0..train.len()).flat_map(|unit| train.slices(unit));
    let in_fold = slices()
        .filter(|slice| embeddings.trained_on().has(slice))
        .count();
    if in_fold == 0 {
        return Ok(());
    }
    Err(Error::new(format!(
        "the sequence network reads logits, and {in_fold} of {} training slices are some that the image network was \
         trained on: its logits of these know the truth, as those of other slices never will",
        slices().count()
    ))
    .help("take embeddings of a network that was trained on other slices: over k folds the stage `out-of-fold` puts \
           them together. Or let the sequence network read embeddings alone"))
}
