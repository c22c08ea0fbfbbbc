//! The loop over phases, epochs and batches.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use ichflow_api::context::Progress;
use ichflow_api::prelude::*;
use ichflow_api::tensors::augmentation::Augment;
use ichflow_api::tensors::feed::Feed;
use ichflow_api::tensors::model::Preparation;
use rand_chacha::ChaCha8Rng;

use super::Fit;
use super::average::Average;
use super::checkpoint::{Checkpoints, Saved};
use super::gradients;
use super::optimiser::{Optimiser, Rate};
use super::phase::Phase;
use super::readings::{Reading, Readings};
use super::report::{Label, exploded, memory_mib};
use super::result;
use super::run::Run;
use super::sampler::{Sampler, batches};
use super::trainable::Trainable;

/// What training needs and does not change.
pub struct Trainer<'a> {
    pub(super) fit: &'a Fit,
    pub(super) context: &'a Context<'a>,
    /// With autodiff; the network is here.
    pub(super) device: Device,
    /// All devices that share a batch, `device` first; with autodiff.
    pub(super) devices: Vec<Device>,
    pub(super) spec: Arc<NetworkSpec>,
    pub(super) cohort: Arc<Cohort>,
    pub(super) pixels: Pixels,
    pub(super) preparation: Preparation,
    pub(super) augment: Option<Arc<Augment>>,
    /// Its streams are the batches, by number.
    pub(super) augment_rng: ChaCha8Rng,
    /// Batches add their number to it.
    pub(super) dropout_seed: u64,
    pub(super) loss: Arc<Loss>,
    pub(super) description: String,
    pub(super) train: Vec<usize>,
    pub(super) valid: Vec<usize>,
    /// Where states and the result are kept.
    pub(super) directory: &'a Path,
}

/// A phase at work.
struct PhaseAt<'a> {
    phase: &'a Phase,
    index: usize,
    /// Optimiser steps in an epoch.
    per_epoch: usize,
}

/// States on disk, and when the last was written.
struct Saver {
    checkpoints: Checkpoints,
    last: Instant,
    every: Duration,
}

impl Saver {
    fn save(&mut self, run: &Run) -> Result<()> {
        run.save(&mut self.checkpoints)?;
        self.last = Instant::now();
        Ok(())
    }
}

impl Trainer<'_> {
    /// Trains through all phases, from where an earlier process stopped if one did, and leaves the result in
    /// the directory. The network comes back as the last epoch left it.
    pub fn train(&self, network: Network) -> Result<Network> {
        let (checkpoints, mut saved) = Checkpoints::open(self.directory, self.context)?;
        let mut run = self.start(network)?;
        if let Some(saved) = &mut saved {
            run.restore(saved, self.directory)?;
            self.context.say(format!(
                "carries on after {} epochs and {} batches of an earlier run",
                run.history.epochs.len(),
                run.position.batches_of_epoch
            ));
            self.context.event(
                "resumed",
                serde_json::json!({"epochs": run.history.epochs.len(), "batches": run.position.batches}),
            );
        }
        let mut sampler = self.sampler()?;
        let total = self.remaining(&run, &sampler);
        let progress = self.context.progress("training", total, "slices");
        let mut saver = Saver {
            checkpoints,
            last: Instant::now(),
            every: Duration::from_secs_f64(60.0 * self.fit.checkpoint_minutes),
        };
        for index in 0..self.fit.phases.len() {
            if index < run.position.phase {
                // A run that carries on has had this phase: its epochs are dealt once more and left.
                for _ in self.epochs_of(&run, index) {
                    self.deal(&mut sampler, index);
                }
                continue;
            }
            run = self.phase(
                run,
                index,
                saved.take(),
                &mut sampler,
                &mut saver,
                progress.as_ref(),
            )?;
        }
        drop(progress);
        self.sum_up(&run);
        result::write(self.directory, &run)?;
        Ok(run.network)
    }

    fn start(&self, network: Network) -> Result<Run> {
        let first_windows = result::windows_of(&network)?;
        Ok(Run {
            optimiser: Optimiser::new(self.fit, &network)?,
            average: self.fit.ema.map(|decay| Average::new(decay, network.valid())),
            network,
            position: Default::default(),
            history: History {
                first_windows,
                ..History::default()
            },
            best: None,
        })
    }

    fn sampler(&self) -> Result<Sampler> {
        let slices = self.train.iter().map(|index| {
            let slice = &self.cohort.slices[*index];
            let labels = slice
                .labels
                .ok_or_else(|| Error::new(format!("the slice {} has no labels to train on", slice.id)))?;
            Ok((*index, labels))
        });
        let slices = slices.collect::<Result<Vec<_>>>()?;
        Ok(Sampler::new(&slices, |purpose| self.context.rng(purpose)))
    }

    /// Slices still to be trained on and judged by.
    fn remaining(&self, run: &Run, sampler: &Sampler) -> usize {
        let phases = self.fit.phases.iter().enumerate().skip(run.position.phase);
        let left = phases.map(|(index, phase)| {
            let had = if index == run.position.phase {
                run.position.epochs_of_phase
            } else {
                0
            };
            let size = sampler.epoch_size(phase, self.fit.batch, self.fit.accumulate);
            phase.epochs.saturating_sub(had) * (size + self.valid.len())
        });
        left.sum::<usize>().saturating_sub(run.position.sums.slices)
    }

    /// The batches of a phase's next epoch.
    fn deal(&self, sampler: &mut Sampler, phase: usize) -> Vec<Vec<usize>> {
        sampler.epoch(&self.fit.phases[phase], self.fit.batch, self.fit.accumulate)
    }

    fn epochs_of<'r>(
        &self,
        run: &'r Run,
        phase: usize,
    ) -> impl Iterator<Item = &'r ichflow_api::tensors::history::Epoch> {
        let epochs = run.history.epochs.iter();
        epochs.filter(move |epoch| epoch.phase == phase + 1)
    }

    fn phase(
        &self,
        mut run: Run,
        index: usize,
        saved: Option<Saved>,
        sampler: &mut Sampler,
        saver: &mut Saver,
        progress: &dyn Progress,
    ) -> Result<Run> {
        let phase = &self.fit.phases[index];
        let trainable = Trainable::parse(&phase.trainable).map_err(Error::new)?;
        run.network = trainable.apply(run.network, phase.frozen_norm)?;
        run.optimiser = Optimiser::new(self.fit, &run.network)?;
        if let Some(mut saved) = saved {
            run.restore_optimiser(&mut saved, self.directory)?;
        }
        let holds = sampler.describe(phase, self.fit.batch, self.fit.accumulate);
        self.context.say(format!("phase {}: {holds}", index + 1));
        self.context
            .event("phase", serde_json::json!({"phase": index + 1, "epoch": holds}));
        for _ in 0..run.position.epochs_of_phase {
            self.deal(sampler, index);
        }
        let size = sampler.epoch_size(phase, self.fit.batch, self.fit.accumulate);
        let at = PhaseAt {
            phase,
            index,
            per_epoch: batches(size, self.fit.batch).div_ceil(self.fit.accumulate),
        };
        while run.position.epochs_of_phase < phase.epochs && !self.out_of_patience(&run, index) {
            let batches = self.deal(sampler, index);
            run = self.within_memory(|| self.epoch(run, &at, batches, saver, progress))?;
            let judged = self.judge(&mut run, index, progress);
            if let Err(Error::Interrupted) = judged {
                saver.save(&run)?;
            }
            judged?;
            saver.save(&run)?;
            result::forget_all_but_best(self.directory, &run)?;
        }
        run.position.phase = index + 1;
        run.position.epochs_of_phase = 0;
        run.position.steps_of_phase = 0;
        Ok(run)
    }

    /// Whether the epochs of a phase have not become better for too long.
    fn out_of_patience(&self, run: &Run, phase: usize) -> bool {
        let Some(patience) = self.fit.patience else {
            return false;
        };
        let metric = self.fit.watched();
        let (mut best, mut since) = (None, 0);
        for (index, epoch) in self.epochs_of(run, phase).enumerate() {
            if index == 0 || metric.improves(epoch.watched, best) {
                (best, since) = (epoch.watched, 0);
            } else {
                since += 1;
            }
        }
        if since >= patience {
            self.context.say(format!(
                "phase {} ends early: {} has not become better for {since} epochs",
                phase + 1,
                metric.name()
            ));
        }
        since >= patience
    }

    /// Trains on the batches of an epoch that are left.
    fn epoch(
        &self,
        mut run: Run,
        at: &PhaseAt,
        batches: Vec<Vec<usize>>,
        saver: &mut Saver,
        progress: &dyn Progress,
    ) -> Result<Run> {
        let label = Label::of(self.fit, run.history.epochs.len());
        let begun = Instant::now();
        let (seconds, waited) = (run.position.seconds, run.position.waited);
        let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
        let first = run.position.batches_of_epoch.min(sizes.len());
        let mut readings = Readings::new(std::mem::take(&mut run.position.sums), self.fit.max_loss);
        let mut gathered = GradientsAccumulator::new();
        let mut rate = self.rate(&run, at);
        let mut feed = Feed::start(
            self.pixels.clone(),
            self.cohort.clone(),
            batches[first..].to_vec(),
            self.preparation.window.offsets(),
        );
        for (batch, size) in sizes.iter().enumerate().skip(first) {
            let step = batch / self.fit.accumulate * self.fit.accumulate;
            if batch == step {
                let stop = self.context.checkpoint();
                if stop.is_err() || saver.last.elapsed() >= saver.every {
                    self.read(&mut readings, &run, at)?;
                    run.position.sums = readings.sums.clone();
                    run.position.seconds = seconds + begun.elapsed().as_secs_f64();
                    run.position.waited = waited + feed.waited().as_secs_f64();
                    saver.save(&run)?;
                }
                stop?;
            }
            let host = match feed.next() {
                Some(host) => host?,
                None => return Err(Error::new("the batches of this epoch ended too soon")),
            };
            let indices = host.indices.clone();
            let of_step = &sizes[step..(step + self.fit.accumulate).min(sizes.len())];
            let share = *size as f64 / of_step.iter().sum::<usize>() as f64;
            let (loss, gradients) = self.gradients(&run.network, host, run.position.batches, share)?;
            gathered.accumulate(&run.network, gradients);
            run.position.batches += 1;
            run.position.batches_of_epoch += 1;
            let norm = if batch + 1 == step + of_step.len() {
                rate = self.rate(&run, at);
                let (gradients, norm) = self.clipped(&run.network, gathered.grads());
                run.network = run.optimiser.step(run.network, gradients, rate);
                run.average = run.average.map(|average| average.follow(&run.network.valid()));
                run.position.steps_of_phase += 1;
                norm
            } else {
                None
            };
            let reading = Reading {
                loss,
                norm,
                batch: batch + 1,
                lr: rate.lr,
                indices,
            };
            progress.advance(*size as u64);
            if readings.add(reading) {
                self.read(&mut readings, &run, at)?;
                progress.note(&label.note(
                    (batch + 1, sizes.len()),
                    readings.sums.mean(),
                    rate.lr,
                    feed.waited().as_secs_f64() / begun.elapsed().as_secs_f64(),
                    memory_mib(),
                ));
            }
        }
        self.read(&mut readings, &run, at)?;
        run.position.sums = readings.sums;
        run.position.seconds = seconds + begun.elapsed().as_secs_f64();
        run.position.waited = waited + feed.waited().as_secs_f64();
        Ok(run)
    }

    /// The learning rate of the next step.
    fn rate(&self, run: &Run, at: &PhaseAt) -> Rate {
        let (step, per_epoch) = (run.position.steps_of_phase, at.per_epoch);
        let factor = at.phase.rate(step, per_epoch * at.phase.epochs, per_epoch);
        let rates = self.fit.phases.iter().map(|phase| phase.lr);
        Rate {
            lr: at.phase.lr * factor,
            highest: rates.fold(f64::MIN_POSITIVE, f64::max),
            epoch: run.history.epochs.len() + 1,
        }
    }

    /// The learning rate of the epoch's first and last step.
    pub(super) fn rates_of_epoch(&self, run: &Run, index: usize) -> [f64; 2] {
        let phase = &self.fit.phases[index];
        let per_epoch = run.position.steps_of_phase / (run.position.epochs_of_phase + 1).max(1);
        let steps = per_epoch * phase.epochs;
        let last = run.position.steps_of_phase.saturating_sub(1);
        let first = run.position.steps_of_phase.saturating_sub(per_epoch);
        [first, last].map(|step| phase.lr * phase.rate(step, steps, per_epoch))
    }

    /// Clips gradients by value, then by norm, and says their norm before the latter.
    fn clipped(
        &self,
        network: &Network,
        mut gradients: GradientsParams,
    ) -> (GradientsParams, Option<Tensor<1>>) {
        if let Some(limit) = self.fit.clip_value {
            gradients::clip_value(network, &mut gradients, limit);
        }
        let norm = gradients::norm(network, &gradients);
        if let (Some(limit), Some(norm)) = (self.fit.clip_norm, &norm) {
            gradients::clip_norm(network, &mut gradients, norm.clone(), limit);
        }
        (gradients, norm)
    }

    fn read(&self, readings: &mut Readings, run: &Run, at: &PhaseAt) -> Result<()> {
        match readings.read()? {
            None => Ok(()),
            Some(found) => {
                let label = Label::of(self.fit, run.history.epochs.len());
                self.context
                    .event("exploded", exploded::details(&found, &self.cohort));
                Err(exploded::error(
                    &found,
                    &label,
                    at.index,
                    at.per_epoch,
                    &self.cohort,
                ))
            }
        }
    }
}
