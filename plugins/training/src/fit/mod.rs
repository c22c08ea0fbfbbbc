//! `fit`: trains a network in phases.
//!
//! The loop is ichflow's own rather than `burn::train`'s: phases change what learns, every epoch's
//! metrics come from all predictions at once, windows run inside the step, and a stop must be possible
//! between any two steps.

mod average;
mod checkpoint;
mod gradients;
mod judge;
mod layers;
mod memory;
mod metric;
mod needs;
mod optimiser;
mod phase;
mod rate;
mod readings;
mod replicas;
mod report;
mod result;
mod run;
mod sampler;
mod step;
mod tensors;
mod trainable;
mod trainer;
mod validate;

use std::collections::BTreeMap;
use std::path::Path;

use ichflow_api::data::labels::COUNT;
use ichflow_api::nn::layers::Precision;
use ichflow_api::needs::{Known, Needs};
use ichflow_api::prelude::*;
use ichflow_api::tensors::device::all_like;
use ichflow_api::tensors::model::{Preparation, Resize};

pub use average::Average;
pub use gradients::{clip_norm, clip_value, norm};
pub use metric::Metric;
pub use optimiser::{Lr, Method, Optimiser, Rate, Rule, Settings};
pub use phase::{Phase, RateCurve, Sampling};
use trainer::Trainer;

/// Trains a network on the training fold, and keeps the weights of the epoch that is best by `keep` on the
/// held-out fold.
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
    /// How weights follow their gradients.
    #[serde(default)]
    pub optimiser: Method,
    /// Adam's decay rates of the mean and of the uncentred variance of gradients.
    #[serde(default = "default_betas")]
    pub betas: [f64; 2],
    /// Added to Adam's denominator.
    #[serde(default = "default_epsilon")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub epsilon: f64,
    /// Momentum of SGD: the share of a step that goes on in the next.
    #[serde(default = "default_momentum")]
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub momentum: f64,
    /// Whether SGD's momentum is Nesterov's.
    #[serde(default)]
    pub nesterov: bool,
    /// Weight decay: added to the gradient as this times the weight ("adam", "sgd"), or taken from the
    /// weight as this times the learning rate ("adamw").
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub weight_decay: f64,
    /// Whether biases and normalisation decay as well.
    #[serde(default)]
    pub decay_all: bool,
    /// Learning rates of parts by their path, as multiples of the phase's: `{ "backbone" = 0.1 }`. The longest
    /// path counts.
    #[serde(default)]
    pub lr_of: BTreeMap<String, f64>,
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
    /// held-out predictions stay in f32.
    #[serde(default)]
    pub precision: Precision,
    /// Which devices train: the one that `--device` names, or all of its kind, each with a part of every batch.
    #[serde(default)]
    pub devices: Devices,
    /// By what the epoch is chosen whose weights are kept; "last" keeps the last.
    #[serde(default)]
    pub keep: Metric,
    /// Epochs without a better one after which a phase ends. None: each phase has all of its epochs.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub patience: Option<usize>,
    /// By what `patience` compares epochs. None: by `keep`.
    #[serde(default)]
    pub watch: Option<Metric>,
    /// A loss above this ends training, as one that is no number does.
    #[serde(default = "default_max_loss")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub max_loss: f64,
    /// Minutes after which the state is written within an epoch; it is written after every epoch besides.
    #[serde(default = "default_checkpoint_minutes")]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub checkpoint_minutes: f64,
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

fn default_betas() -> [f64; 2] {
    [0.9, 0.999]
}

fn default_epsilon() -> f64 {
    1e-8
}

fn default_momentum() -> f64 {
    0.9
}

fn default_max_loss() -> f64 {
    1000.0
}

fn default_checkpoint_minutes() -> f64 {
    5.0
}

impl Fit {
    fn settings(&self) -> Settings {
        Settings {
            betas: self.betas,
            epsilon: self.epsilon,
            momentum: self.momentum,
            nesterov: self.nesterov,
        }
    }

    fn watched(&self) -> Metric {
        self.watch.unwrap_or(self.keep)
    }
}

impl Stage for Fit {
    const NAME: &'static str = "fit";
    const FAMILY: Family = Family::Train;
    const SUMMARY: &'static str = "trains a network in phases, keeps the best epoch";
    const EXAMPLE: &'static str = r#"[train]
use = "fit"
batch = 32
phases = [
  { epochs = 1, lr = 1e-4, trainable = "last 5" },
  { epochs = 10, lr = 4e-4, fraction = 0.1667 },
]
"#;
    const VERSION: u32 = 2;
    const SEEDED: bool = true;
    const IMMATERIAL: &'static [&'static str] = &["checkpoint_minutes"];

    fn ports(&self) -> Ports {
        Ports::new()
            .input(Input::of::<Cohort>("cohort"))
            .input(Input::of::<Folds>("folds"))
            .input(Input::of::<Pixels>("pixels"))
            .input(Input::of::<Window>("window"))
            .input(Input::of::<Resize>("resize").optional())
            .input(Input::of::<Augment>("augment").optional())
            .input(Input::of::<NetworkSpec>("network"))
            .input(Input::of::<Loss>("loss"))
            .output(Output::of::<Model>("model"))
            .output(Output::of::<History>("history"))
    }

    fn check(&self) -> Vec<Problem> {
        let phases = self.phases.iter().enumerate();
        let mut problems: Vec<Problem> = phases.flat_map(|(index, phase)| phase.check(index)).collect();
        if self.betas.iter().any(|beta| !(0.0..1.0).contains(beta)) {
            problems.push(Problem::new(
                "betas",
                "each of `betas` must be at least 0 and below 1",
            ));
        }
        if self.nesterov && (self.optimiser != Method::Sgd || self.momentum == 0.0) {
            problems.push(
                Problem::new("nesterov", "`nesterov` needs SGD with a momentum")
                    .help("set `optimiser = \"sgd\"`, or leave it out"),
            );
        }
        if let Some((part, times)) = self.lr_of.iter().find(|(_, times)| !(0.0..=1e6).contains(*times)) {
            problems.push(Problem::new(
                "lr_of",
                format!("the learning rate of `{part}` cannot be {times} times the phase's"),
            ));
        }
        problems
    }

    fn needs(&self, known: &Known) -> Result<Needs> {
        needs::of(self, known)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        context.keep(
            |directory| {
                let (trainer, network) = self.prepare(inputs, context, directory)?;
                trainer.result(network)
            },
            |directory| {
                let (trainer, mut network) = self.prepare(inputs, context, directory)?;
                if !result::is_whole(directory) {
                    if trainer.devices.len() > 1 {
                        context.say(format!("{} devices share every batch", trainer.devices.len()));
                    }
                    context.say(format!(
                        "{}, {} parameters; {} slices to train on, {} held out",
                        trainer.description,
                        ichflow_api::nn::parameters::count(&network),
                        trainer.train.len(),
                        trainer.valid.len()
                    ));
                    network = trainer.train(network)?;
                }
                result::tidy(directory)?;
                trainer.result(network)
            },
        )
    }
}

impl Fit {
    /// All that training needs, and the network with its starting weights.
    fn prepare<'a>(
        &'a self,
        inputs: &Inputs,
        context: &'a Context<'a>,
        directory: &'a Path,
    ) -> Result<(Trainer<'a>, Network)> {
        let spec = inputs.get::<NetworkSpec>("network")?;
        let preparation = Preparation {
            window: (*inputs.get::<Window>("window")?).clone(),
            resize: inputs.find::<Resize>("resize")?.map(|resize| *resize),
            normalisation: spec.normalisation(),
        };
        let cohort = inputs.get::<Cohort>("cohort")?;
        let folds = inputs.get::<Folds>("folds")?;
        let train = folds.indices(Fold::Train);
        if train.len() < 2 {
            return Err(
                Error::new(format!("there are {} slices to train on", train.len()))
                    .help("lower the share held out, or use more data"),
            );
        }
        let trainer = Trainer {
            fit: self,
            context,
            device: context.device().autodiff(),
            devices: match self.devices {
                Devices::One => vec![context.device()],
                Devices::All => all_like(&context.device()),
            }
            .into_iter()
            .map(Device::autodiff)
            .collect(),
            spec: spec.clone(),
            cohort,
            pixels: (*inputs.get::<Pixels>("pixels")?).clone(),
            preparation,
            augment: inputs.find::<Augment>("augment")?,
            augment_rng: context.rng("augment"),
            dropout_seed: context.seed_for("dropout"),
            loss: inputs.get::<Loss>("loss")?,
            description: spec.describe(),
            train,
            valid: folds.indices(Fold::Valid),
            directory,
        };
        trainer.device.seed(context.seed_for("weights"));
        let window = &trainer.preparation.window;
        let network = spec
            .build(window.channels(), COUNT, &trainer.device)?
            .with_window(window.learned(&trainer.device));
        context.record_fact("parameters", ichflow_api::nn::parameters::count(&network).into());
        Ok((trainer, network))
    }
}

impl Trainer<'_> {
    /// What the directory holds after training, as artifacts and as files of the run.
    fn result(&self, network: Network) -> Result<Outputs> {
        let (network, history) = result::read(self.directory, network, self.context)?;
        Ok(Outputs::new()
            .with("model", self.model(network))
            .with("history", history))
    }
}

ichflow_api::register!(Fit);

#[cfg(test)]
mod tests;
