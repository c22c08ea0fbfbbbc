//! The loop over phases and epochs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use ichflow_api::augmentation::Augment;
use ichflow_api::context::Progress;
use ichflow_api::feed::Feed;
use ichflow_api::labels::COUNT;
use ichflow_api::metrics::{DEFAULT_EPS, auc, weighted_log_loss};
use ichflow_api::model::{Epoch, Preparation};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::Fit;
use super::losses::Losses;
use super::own_window;
use super::schedule::{self, Schedule};
use super::trainable::Trainable;
use crate::predict::predict;

/// Losses stay on the device and are read together every so many steps: reading one makes the host wait.
const READ_LOSSES_EVERY: usize = 20;

/// The weights of the best epoch so far, as a model.
pub struct Best {
    pub(super) loss: f64,
    pub(super) model: Model,
}

/// What training needs, and what it has come to.
pub struct Trainer<'a> {
    pub(super) fit: &'a Fit,
    pub(super) context: &'a Context<'a>,
    pub(super) device: Device,
    pub(super) cohort: Arc<Cohort>,
    pub(super) pixels: Pixels,
    pub(super) preparation: Preparation,
    pub(super) augment: Option<Arc<Augment>>,
    pub(super) augment_rng: ChaCha8Rng,
    pub(super) loss: Arc<Loss>,
    pub(super) description: String,
    pub(super) valid: Vec<usize>,
    pub(super) history: History,
    pub(super) best: Option<Best>,
}

impl Trainer<'_> {
    /// Trains through all phases.
    pub fn train(mut self, mut network: Network, train: &[usize]) -> Result<Outputs> {
        let phases = &self.fit.phases;
        let epochs: usize = phases.iter().map(|phase| phase.epochs).sum();
        let slices: usize = phases
            .iter()
            .map(|phase| {
                phase.epochs * (schedule::epoch_size(train.len(), phase.fraction) + self.valid.len())
            })
            .sum();
        let progress = self.context.progress("training", slices, "slices");
        let highest = phases.iter().map(|phase| phase.lr).fold(0.0, f64::max);
        self.history.first_windows = windows_of(&network)?;
        let mut order = Schedule::new(train, self.context.rng("order"));
        for (phase_index, phase) in phases.iter().enumerate() {
            let trainable = Trainable::parse(&phase.trainable).map_err(Error::new)?;
            network = trainable.apply(network)?;
            let mut optimiser = own_window::optimised(self.optimiser(), &network);
            for _ in 0..phase.epochs {
                let epoch = self.history.epochs.len() + 1;
                let batches = order.epoch(phase.fraction, self.fit.batch);
                let label = format!("epoch {epoch}/{epochs}");
                let begun = Instant::now();
                let run = self.epoch(
                    network,
                    &mut optimiser,
                    [phase.lr, highest],
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
                        windows: windows_of(&network)?,
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
        [lr, highest_lr]: [f64; 2],
        batches: Vec<Vec<usize>>,
        label: &str,
        progress: &dyn Progress,
    ) -> Result<EpochRun> {
        let mut losses = Losses::default();
        let offsets = self.preparation.window.offsets();
        let mut feed = Feed::start(self.pixels.clone(), self.cohort.clone(), batches, offsets);
        let mut step = 0;
        let epoch = self.history.epochs.len() + 1;
        for host in feed.by_ref() {
            self.context.checkpoint()?;
            let host = host?;
            let count = host.indices.len();
            step += 1;
            let loss = self.loss_of(&network, host);
            losses.add(loss.clone().detach(), count);
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            let rates = own_window::rates(&network, lr, highest_lr, epoch);
            network = optimiser.step(rates, network, gradients);
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
        self.history.write_csv(&self.context.file("history.csv")?)
    }
}

/// Where learned windows stand; none if the network learns none.
fn windows_of(network: &Network) -> Result<Vec<CenterWidth>> {
    network
        .window
        .as_ref()
        .map_or(Ok(Vec::new()), LearnedWindow::windows)
}

struct EpochRun {
    network: Network,
    /// Mean over the epoch's slices.
    loss: f64,
    slices: usize,
    waited: Duration,
}
