//! `fit`: trains a network in phases.
//!
//! The loop is ichflow's own rather than `burn::train`'s: phases change what learns, every epoch's
//! metrics come from all predictions at once, windows run inside the step, and a stop must be possible
//! between any two steps.

mod schedule;
mod trainable;

use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use ichflow_api::augmentation::Augment;
use ichflow_api::context::Progress;
use ichflow_api::feed::{Feed, HostBatch};
use ichflow_api::labels::{self, COUNT};
use ichflow_api::metrics::{DEFAULT_EPS, auc, weighted_log_loss};
use ichflow_api::model::{Epoch, Preparation, Resize};
use ichflow_api::network::Network;
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::predict::predict;
use schedule::Schedule;
use trainable::Trainable;

/// Losses stay on the device and are read together every so many steps: reading one makes the host wait.
const READ_LOSSES_EVERY: usize = 20;

/// A stretch of training with one learning rate and one choice of what learns.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Phase {
    /// Number of epochs.
    #[schemars(range(min = 1, max = 10_000))]
    pub epochs: usize,
    /// Learning rate.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 10.0))]
    pub lr: f64,
    /// What learns: "all", "head", "last N" (the last N layers that have weights, the head's among them),
    /// or paths such as "backbone.blocks.6, head". The rest is frozen, normalisation statistics included.
    #[serde(default = "everything")]
    pub trainable: String,
    /// Share of the training slices in an epoch. Successive epochs take successive parts of a seeded
    /// shuffle, so that every slice comes once before any comes twice.
    #[serde(default = "whole")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub fraction: f64,
}

fn everything() -> String {
    "all".into()
}

fn whole() -> f64 {
    1.0
}

/// Trains a network on the training fold, and keeps the weights of the epoch with the lowest weighted log
/// loss on the held-out fold.
///
/// Writes `history.csv` and `checkpoints/best.bpk`. Each phase starts Adam anew.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fit {
    /// Phases of training, one after the other.
    #[schemars(length(min = 1))]
    pub phases: Vec<Phase>,
    /// Slices in a step.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 2, max = 4096))]
    pub batch: usize,
    /// Adam's decay rates of the mean and of the uncentred variance of gradients.
    #[serde(default = "default_betas")]
    pub betas: [f64; 2],
    /// Added to Adam's denominator.
    #[serde(default = "default_epsilon")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub epsilon: f64,
}

fn default_batch() -> usize {
    32
}

fn default_betas() -> [f64; 2] {
    [0.9, 0.999]
}

fn default_epsilon() -> f64 {
    1e-8
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
    const SEEDED: bool = true;

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
        let mut problems = Vec::new();
        for (index, phase) in self.phases.iter().enumerate() {
            if let Err(message) = Trainable::parse(&phase.trainable) {
                problems.push(
                    Problem::new(
                        format!("phases[{index}].trainable"),
                        format!("`trainable` is not understood: {message}"),
                    )
                    .help("write \"all\", \"head\", \"last N\" or paths such as \"backbone.blocks.6, head\""),
                );
            }
        }
        if self.betas.iter().any(|beta| !(0.0..1.0).contains(beta)) {
            problems.push(Problem::new(
                "betas",
                "each of `betas` must be at least 0 and below 1",
            ));
        }
        problems
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let spec = inputs.get::<NetworkSpec>("network")?;
        let preparation = Preparation {
            window: (*inputs.get::<Window>("window")?).clone(),
            resize: inputs.find::<Resize>("resize")?.map(|resize| *resize),
            normalisation: spec.normalisation(),
        };
        let cohort = inputs.get::<Cohort>("cohort")?;
        let folds = inputs.get::<Folds>("folds")?;
        let (train, valid) = (folds.indices(Fold::Train), folds.indices(Fold::Valid));
        if train.len() < 2 {
            return Err(
                Error::new(format!("there are {} slices to train on", train.len()))
                    .help("lower the share held out, or use more data"),
            );
        }
        if let Some(slice) = train
            .iter()
            .map(|i| &cohort.slices[*i])
            .find(|slice| slice.labels.is_none())
        {
            return Err(Error::new(format!(
                "the slice {} has no labels to train on",
                slice.id
            )));
        }
        let trainer = Trainer {
            fit: self,
            context,
            device: context.device().clone().autodiff(),
            cohort,
            pixels: (*inputs.get::<Pixels>("pixels")?).clone(),
            preparation,
            augment: inputs.find::<Augment>("augment")?,
            augment_rng: context.rng("augment"),
            loss: inputs.get::<Loss>("loss")?,
            description: spec.describe(),
            valid,
            history: History::default(),
            best: None,
        };
        // Weights, then dropout: each from a seed of its own, so that one does not shift the other.
        trainer.device.seed(context.seed_for("weights"));
        let network = spec.build(trainer.preparation.window.channels(), COUNT, &trainer.device)?;
        trainer.device.seed(context.seed_for("dropout"));
        context.say(format!(
            "{}, {} parameters; {} slices to train on, {} held out",
            trainer.description,
            network.num_params(),
            train.len(),
            trainer.valid.len()
        ));
        trainer.train(network, &train)
    }
}

ichflow_api::register!(Fit);

/// The weights of the best epoch so far, as a model.
struct Best {
    loss: f64,
    model: Model,
}

struct Trainer<'a> {
    fit: &'a Fit,
    context: &'a Context<'a>,
    device: Device,
    cohort: Arc<Cohort>,
    pixels: Pixels,
    preparation: Preparation,
    augment: Option<Arc<Augment>>,
    augment_rng: ChaCha8Rng,
    loss: Arc<Loss>,
    description: String,
    valid: Vec<usize>,
    history: History,
    best: Option<Best>,
}

impl Trainer<'_> {
    fn train(mut self, mut network: Network, train: &[usize]) -> Result<Outputs> {
        let phases = &self.fit.phases;
        let epochs: usize = phases.iter().map(|phase| phase.epochs).sum();
        let slices: usize = phases
            .iter()
            .map(|phase| {
                phase.epochs * (schedule::epoch_size(train.len(), phase.fraction) + self.valid.len())
            })
            .sum();
        let progress = self.context.progress("training", slices, "slices");
        let mut order = Schedule::new(train, self.context.rng("order"));
        for (phase_index, phase) in phases.iter().enumerate() {
            let trainable = Trainable::parse(&phase.trainable).map_err(Error::new)?;
            network = trainable.apply(network)?;
            let mut optimiser = self.optimiser();
            for _ in 0..phase.epochs {
                let epoch = self.history.epochs.len() + 1;
                let batches = order.epoch(phase.fraction, self.fit.batch);
                let label = format!("epoch {epoch}/{epochs}");
                let begun = Instant::now();
                let run = self.epoch(
                    network,
                    &mut optimiser,
                    phase.lr,
                    batches,
                    &label,
                    progress.as_ref(),
                )?;
                network = run.network;
                let seconds = begun.elapsed().as_secs_f64();
                let (valid_loss, valid_auc_any) = self.validate(&network, progress.as_ref())?;
                let best = self.keep_if_best(&network, valid_loss)?;
                self.record(
                    Epoch {
                        epoch,
                        phase: phase_index + 1,
                        lr: phase.lr,
                        train_loss: run.loss,
                        valid_loss,
                        valid_auc_any,
                        best,
                        slices_per_second: run.slices as f64 / seconds,
                        waiting: run.waited.as_secs_f64() / seconds,
                    },
                    &label,
                )?;
            }
        }
        drop(progress);
        let Some(best) = self.best else {
            return Err(Error::new("training ended without a usable epoch"));
        };
        Ok(Outputs::new()
            .with("model", best.model)
            .with("history", self.history))
    }

    fn optimiser(&self) -> ModuleOptimizer {
        AdamConfig::new()
            .with_beta_1(self.fit.betas[0] as f32)
            .with_beta_2(self.fit.betas[1] as f32)
            .with_epsilon(self.fit.epsilon as f32)
            .init()
    }

    fn epoch(
        &mut self,
        mut network: Network,
        optimiser: &mut ModuleOptimizer,
        lr: f64,
        batches: Vec<Vec<usize>>,
        label: &str,
        progress: &dyn Progress,
    ) -> Result<EpochRun> {
        let mut losses = Losses::default();
        let offsets = self.preparation.window.offsets();
        let mut feed = Feed::start(self.pixels.clone(), self.cohort.clone(), batches, offsets);
        let mut step = 0;
        for host in feed.by_ref() {
            self.context.checkpoint()?;
            let host = host?;
            let count = host.indices.len();
            step += 1;
            let loss = self.loss_of(&network, host);
            losses.add(loss.clone().detach(), count);
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            network = optimiser.step(lr, network, gradients);
            if step % READ_LOSSES_EVERY == 0 {
                losses.read(label, step)?;
                progress.note(&format!("{label} · loss {:.4} · lr {lr}", losses.mean()));
            }
            progress.advance(count as u64);
        }
        losses.read(label, step)?;
        Ok(EpochRun {
            network,
            loss: losses.mean(),
            slices: losses.slices,
            waited: feed.waited(),
        })
    }

    fn loss_of(&mut self, network: &Network, host: HostBatch) -> Tensor<1> {
        let truth: Vec<f32> = host
            .indices
            .iter()
            .flat_map(|index| {
                self.cohort.slices[*index]
                    .labels
                    .map_or([0.0; COUNT], |truth| labels::as_f32(&truth))
            })
            .collect();
        let truth = TensorData::new(truth, [host.indices.len(), COUNT]);
        let truth = Tensor::<2>::from_data(truth, &self.device);
        let mut images = self.preparation.images(&host.upload(&self.cohort, &self.device));
        if let Some(augment) = &self.augment {
            images = augment.apply(images, &mut self.augment_rng);
        }
        let logits = network.forward(self.preparation.normalisation.apply(images));
        self.loss.loss(logits, truth)
    }

    /// Weighted log loss and AUC of `any` from all held-out predictions at once.
    fn validate(&self, network: &Network, progress: &dyn Progress) -> Result<(f64, Option<f64>)> {
        let model = self.model(network);
        let cohort = self.cohort.clone();
        let predictions = predict(
            &model,
            &self.pixels,
            cohort,
            &self.valid,
            self.fit.batch,
            self.context,
            |slices| {
                progress.advance(slices as u64);
            },
        )?;
        let (truth, probabilities): (Vec<Labels>, Vec<[f64; COUNT]>) =
            predictions.with_truth().map(|(_, p, truth)| (truth, *p)).unzip();
        let any: Vec<bool> = truth.iter().map(|truth| truth[0]).collect();
        let scores: Vec<f64> = probabilities.iter().map(|p| p[0]).collect();
        let loss = weighted_log_loss(&truth, &probabilities, DEFAULT_EPS).unwrap_or(f64::NAN);
        Ok((loss, auc(&any, &scores)))
    }

    /// A snapshot of the network for prediction. `valid` copies the running statistics too, which clones share.
    fn model(&self, network: &Network) -> Model {
        Model {
            preparation: self.preparation.clone(),
            network: network.valid(),
            description: self.description.clone(),
        }
    }

    fn keep_if_best(&mut self, network: &Network, loss: f64) -> Result<bool> {
        // Without held-out slices the loss is NaN and the last epoch is kept.
        if self.best.as_ref().is_some_and(|best| loss >= best.loss) {
            return Ok(false);
        }
        let model = self.model(network);
        let path = self.context.file("checkpoints/best.bpk")?;
        let temporary = path.with_extension("new.bpk");
        let record = model.network.clone();
        record.save_file(&temporary).at("write", &temporary)?;
        std::fs::rename(&temporary, &path).at("replace", &path)?;
        self.best = Some(Best { loss, model });
        Ok(true)
    }

    fn record(&mut self, epoch: Epoch, label: &str) -> Result<()> {
        self.context.say(format!(
            "{label} · loss {:.4} · held out {:.4}{}{} · {:.1} slices/s · waiting {:.0} %",
            epoch.train_loss,
            epoch.valid_loss,
            epoch
                .valid_auc_any
                .map_or(String::new(), |auc| format!(" · AUC any {auc:.3}")),
            if epoch.best { " · best" } else { "" },
            epoch.slices_per_second,
            100.0 * epoch.waiting,
        ));
        self.context.event("epoch", json!(epoch));
        self.history.epochs.push(epoch);
        let path = self.context.file("history.csv")?;
        let mut writer = csv::Writer::from_path(&path).at("write", &path)?;
        for epoch in &self.history.epochs {
            writer.serialize(epoch).at("write", &path)?;
        }
        writer.flush().at("write", &path)
    }
}

struct EpochRun {
    network: Network,
    /// Mean over the epoch's slices.
    loss: f64,
    slices: usize,
    waited: Duration,
}

/// Training losses: on the device until they are read.
#[derive(Default)]
struct Losses {
    pending: Vec<(Tensor<1>, usize)>,
    sum: f64,
    slices: usize,
}

impl Losses {
    fn add(&mut self, loss: Tensor<1>, slices: usize) {
        self.pending.push((loss, slices));
    }

    /// Reads what is on the device; a loss that is no number ends training.
    fn read(&mut self, label: &str, step: usize) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let (losses, counts): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending).into_iter().unzip();
        let values = Tensor::cat(losses, 0)
            .into_data()
            .convert::<f32>()
            .try_to_vec::<f32>()
            .map_err(|error| Error::new(format!("the loss cannot be read: {error:?}")))?;
        for (value, count) in values.iter().zip(counts) {
            self.sum += f64::from(*value) * count as f64;
            self.slices += count;
        }
        if !self.sum.is_finite() {
            return Err(Error::new(format!(
                "the training loss is no longer a number ({label}, at or before step {step})"
            ))
            .help("lower the learning rate of this phase, or look for slices with odd values"));
        }
        Ok(())
    }

    fn mean(&self) -> f64 {
        self.sum / self.slices.max(1) as f64
    }
}
