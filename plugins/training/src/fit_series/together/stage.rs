//! The stage: its parameters, and how its parts come together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::data::labels::Level;
use ichflow_api::nn::parameters;
use ichflow_api::prelude::*;
use ichflow_api::tensors::embeddings::Rows;
use ichflow_api::tensors::series_units::SeriesUnits;

use super::task::{Source, TogetherTask};
use crate::fit::checkpoint;
use crate::fit::optimizer::{Adam, Optimizer};
use crate::fit::{Checkpoint, Clipping, EarlyStopping, Phase, Settings, Store, TrainLoop};
use crate::fit_series::Vary;
use crate::fit_series::loss::{SeriesLoss, Weights};
use crate::kind::Kind;

/// Trains the network on slices and the network over series on, together: the loss of what is said of whole series moves
/// both. It starts from a model (`fit`) and a series model (`fit-series`) and offers both again, so that an `embed` and
/// a `predict-series` after it are those of the trained pair.
///
/// Of a batch only `chunk` slices are in memory at once: features of all are computed first, and each chunk a second time
/// when gradients come back through it. That costs one more forward pass, and makes long series fit where one slice does.
/// Normalisation sees a chunk at a time; `frozen_norm = true` in a phase keeps it as it came. Images are not varied.
///
/// `trainable` names parts below "image" and "series", such as "image.head, series".
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FineTuneSeries {
    /// Phases of training, one after the other.
    #[schemars(length(min = 1))]
    pub phases: Vec<Phase>,
    /// Series in a batch.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 1, max = 1024))]
    pub batch: usize,
    /// Batches whose gradients are added up for one step.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 1, max = 4096))]
    pub accumulate: usize,
    /// Slices whose feature maps are in memory at once.
    #[serde(default = "default_chunk")]
    #[schemars(range(min = 1, max = 4096))]
    pub chunk: usize,
    /// Parts of series in place of whole ones: `{ window = 12, reversed = 0.5 }`.
    #[serde(default)]
    pub vary: Vary,
    /// How much the loss of the series network's first stage counts beside that of its output, where it has one.
    #[serde(default = "whole")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub first_stage_weight: f64,
    /// How much the loss of what is said of a series as a whole counts beside that of its slices, where slices have labels.
    #[serde(default = "whole")]
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub exam_weight: f64,
    /// How weights follow their gradients.
    #[serde(default = "adam")]
    pub optimizer: Kind<dyn Optimizer>,
    /// Learning rates of parts by their path, as multiples of the phase's: `{ "image" = 0.1 }`. The longest path counts.
    #[serde(default)]
    pub lr_multipliers: BTreeMap<String, f64>,
    /// Largest norm of all gradients together; larger ones are scaled down. None: they stay as they are.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub clip_norm: Option<f64>,
    /// Decay of an exponential moving average of the weights (EMA), which is evaluated and kept in their place. None:
    /// no average.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub ema: Option<f64>,
    /// Which epoch is kept, and how often the state is written.
    #[serde(default)]
    pub checkpoint: Checkpoint,
    /// When a phase ends before its last epoch. None: each phase has all of its epochs.
    #[serde(default)]
    pub early_stopping: Option<EarlyStopping>,
    /// A loss above this ends training, as one that is NaN does.
    #[serde(default = "default_max_loss")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub max_loss: f64,
}

fn default_batch() -> usize {
    1
}

fn default_chunk() -> usize {
    16
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

impl Stage for FineTuneSeries {
    const NAME: &'static str = "fine-tune-series";
    const FAMILY: Family = Family::Train;
    const SUMMARY: &'static str = "trains the network on slices and that over series on, together";
    const EXAMPLE: &'static str = r#"[together]                          # after fit-series; before another embed and predict-series
use = "fine-tune-series"
vary = { window = 12, reversed = 0.5 }
accumulate = 4
phases = [{ epochs = 2, lr = 1e-5, frozen_norm = true }]
"#;
    const SEEDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["checkpoint.every_minutes"];

    fn ports() -> Ports {
        Ports::new()
            .takes(input::MODEL)
            .takes(input::SERIES_MODEL)
            .takes(input::COHORT)
            .takes(input::FOLDS)
            .takes(input::PIXELS)
            .takes(input::LOSS)
            .offers(output::MODEL)
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

ichflow_api::register!(FineTuneSeries);

impl FineTuneSeries {
    fn settings(&self) -> Settings<'_> {
        Settings {
            phases: &self.phases,
            batch: self.batch,
            accumulate: self.accumulate,
            optimizer: &self.optimizer,
            lr_multipliers: &self.lr_multipliers,
            clipping: Clipping {
                value: None,
                norm: self.clip_norm,
            },
            ema: self.ema,
            checkpoint: &self.checkpoint,
            early_stopping: self.early_stopping.as_ref(),
            max_loss: self.max_loss,
        }
    }

    fn task(&self, inputs: &Inputs, context: &Context) -> Result<TogetherTask> {
        let model = (*inputs.take(input::MODEL)?).clone();
        let series = (*inputs.take(input::SERIES_MODEL)?).clone();
        let cohort = inputs.take(input::COHORT)?;
        let folds = inputs.take(input::FOLDS)?;
        let pixels = inputs.take(input::PIXELS)?;
        if series.shape.logits > 0 && !model.trained_on.is_empty() {
            return Err(Error::new(
                "the network over series reads logits, and those of the training slices are of a network that was trained \
                 on them: they know the truth, as those of other slices never will",
            )
            .help("give a series network that reads embeddings alone"));
        }
        let order = Arc::new(SeriesOrder::of(&cohort.slices));
        // Places of slices along their series; one number stands for features that are still to be computed.
        let count = cohort.slices.len();
        let labels = cohort.labels.len();
        let placed = Embeddings::new(
            cohort.slices.clone(),
            Rows::in_memory(vec![0.0; count], 1),
            vec![0.0; count * labels],
            labels,
            TrainedOn::default(),
        )?;
        let index = cohort.index();
        let source = |fold: Fold| Source {
            cohort: cohort.clone(),
            pixels: (*pixels).clone(),
            order: order.clone(),
            offsets: model.preparation.window.offsets(),
            units: Arc::new(SeriesUnits::of(&placed, |slice| {
                let place = index.get(slice.id.as_str());
                place.and_then(|place| folds.of_slice.get(*place)) == Some(&fold)
            })),
            shape: series.shape,
        };
        let of_slices = series.level == Level::Slice;
        let (train, validation) = (source(Fold::Train), source(Fold::Valid));
        if train.units.is_empty() {
            return Err(
                Error::new("the training fold has no slice").help("lower the share of the validation fold")
            );
        }
        Ok(TogetherTask {
            train,
            validation,
            devices: vec![context.device().autodiff()],
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
            chunk: self.chunk,
            model,
            series,
        })
    }

    fn train(&self, task: &TogetherTask, directory: &Path, context: &Context) -> Result<()> {
        let network = task.network()?;
        context.say(format!(
            "{} and {}, {} parameters together; {} training series, {} validation series",
            task.model.description,
            task.series.description,
            parameters::count(&network),
            task.train.units.len(),
            task.validation.units.len()
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
fn result(task: &TogetherTask, directory: &Path, context: &Context) -> Result<Outputs> {
    let (network, history) = checkpoint::read(directory, task.network()?, context)?;
    let units = &task.train.units;
    let slices = (0..units.len()).flat_map(|unit| units.slices(unit));
    let own = TrainedOn::ids(slices.map(|slice| slice.id.as_str()));
    let model = Model {
        network: network.image.valid(),
        trained_on: task.model.trained_on.and(&own),
        ..task.model.clone()
    };
    let series = SeriesModel {
        network: network.series.valid(),
        trained_on: task.series.trained_on.and(&own),
        ..task.series.clone()
    };
    Ok(Outputs::new()
        .with(output::MODEL, model)
        .with(output::SERIES_MODEL, series)
        .with(output::SERIES_HISTORY, history))
}
