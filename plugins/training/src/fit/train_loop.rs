//! The loop over phases and epochs.

use burn::module::Module;
use ichflow_api::context::Progress;
use ichflow_api::prelude::*;
use ichflow_api::tensors::history::Epoch;

use super::average::Average;
use super::checkpoint::{Best, Saved, Store};
use super::epoch::{EpochLoop, EpochOf};
use super::memory::MemoryGuard;
use super::metric::Outcome;
use super::optimizer::{Stepper, rules};
use super::peak_memory::peak_memory_mib;
use super::reporter::Reporter;
use super::run::Run;
use super::sampling::Sampler;
use super::schedule::Rates;
use super::settings::Settings;
use super::task::{Task, Trained};
use super::trainable::Trainable;

/// Trains a network through all phases of a recipe.
pub(crate) struct TrainLoop<'a, T> {
    /// What the recipe says.
    pub settings: Settings<'a>,
    /// The stage at work.
    pub context: &'a Context<'a>,
    /// What is trained, and on what.
    pub task: &'a T,
}

/// What changes while a training is under way, beside the [`Run`] itself.
struct Working<'a> {
    sampler: Sampler<'a>,
    store: Store<'a>,
    reporter: Reporter<'a>,
}

impl<'a, T: Task> TrainLoop<'a, T> {
    /// Trains from where an earlier process stopped if one did, and leaves the result in the store. The network comes
    /// back as the last epoch left it.
    ///
    /// # Errors
    /// Where there is nothing to train on, the recipe names parts that the network does not have, slices or states
    /// cannot be read, the loss explodes, or the run is interrupted (the state is written then).
    pub(crate) fn train(
        &self,
        network: T::Network,
        store: Store<'a>,
        mut saved: Option<Saved>,
    ) -> Result<T::Network> {
        let mut run = self.start(network)?;
        let mut at = Working {
            sampler: self.sampler()?,
            store,
            reporter: Reporter::new(self.context, self.settings.phases, T::UNITS[1]),
        };
        if let Some(saved) = &mut saved {
            run.restore(saved, at.store.directory())?;
            at.reporter.resumed(&run);
        }
        let remaining = self.remaining(&run, &at.sampler);
        let progress = self.context.progress("training", remaining, T::UNITS[1]);
        for (index, phase) in self.settings.phases.iter().enumerate() {
            if index < run.position.phase {
                // A run that carries on has had this phase: its epochs are dealt once more and left.
                for _ in run.epochs_of(index) {
                    at.sampler.epoch(phase);
                }
                continue;
            }
            run = self.phase(run, index, saved.take(), &mut at, progress.as_ref())?;
        }
        drop(progress);
        at.reporter.sum_up(&run);
        at.store.finish(&run)?;
        Ok(run.network)
    }

    fn start(&self, network: T::Network) -> Result<Run<T::Network>> {
        let first_windows = network.windows()?;
        Ok(Run {
            stepper: self.stepper(&network)?,
            average: self
                .settings
                .ema
                .map(|decay| Average::new(decay, network.valid())),
            network,
            position: Default::default(),
            history: History {
                first_windows,
                ..History::default()
            },
            best: None,
        })
    }

    fn stepper(&self, network: &T::Network) -> Result<Stepper> {
        let optimizer = self.settings.optimizer.shared();
        rules(&optimizer, self.settings.lr_multipliers, network).map(Stepper::new)
    }

    fn sampler(&self) -> Result<Sampler<'a>> {
        let context = self.context;
        let batch = [self.settings.batch, self.settings.accumulate];
        let sampler = Sampler::new(self.task.labels(), self.task.labelled()?, batch, |purpose| {
            context.rng(purpose)
        })
        .of(T::UNITS);
        sampler.check(self.settings.phases)?;
        if self.task.validates_nothing() {
            context
                .warn("no validation slice has labels: epochs cannot be compared, and the last one is kept");
        }
        Ok(sampler)
    }

    /// Units still to be trained on and validated.
    fn remaining(&self, run: &Run<T::Network>, sampler: &Sampler) -> usize {
        let phases = self.settings.phases.iter().enumerate().skip(run.position.phase);
        let left = phases.map(|(index, phase)| {
            let had = if index == run.position.phase {
                run.position.epochs_of_phase
            } else {
                0
            };
            let units = sampler.epoch_size(phase) + self.task.validates();
            phase.epochs.saturating_sub(had) * units
        });
        left.sum::<usize>().saturating_sub(run.position.sums.slices)
    }

    fn phase(
        &self,
        mut run: Run<T::Network>,
        index: usize,
        saved: Option<Saved>,
        at: &mut Working,
        progress: &dyn Progress,
    ) -> Result<Run<T::Network>> {
        let phase = &self.settings.phases[index];
        let trainable = Trainable::parse(&phase.trainable).map_err(Error::new)?;
        run.network = trainable.apply(run.network, phase.frozen_norm)?;
        run.stepper = self.stepper(&run.network)?;
        if let Some(mut saved) = saved {
            run.restore_stepper(&mut saved, at.store.directory())?;
        }
        at.reporter.phase(index, &at.sampler.describe(phase));
        for _ in 0..run.position.epochs_of_phase {
            at.sampler.epoch(phase);
        }
        let steps = at.sampler.steps(phase);
        while run.position.epochs_of_phase < phase.epochs && !self.stalled(&run, index, &at.reporter) {
            let epoch = EpochOf {
                phase: index,
                steps,
                batches: self.task.arranged(at.sampler.epoch(phase)),
            };
            run = self.epoch(run, &epoch, at, progress)?;
            let validated = self.validate(&mut run, index, at, progress);
            if let Err(Error::Interrupted) = validated {
                at.store.save(&run)?;
            }
            validated?;
            at.store.epoch_ended(&run)?;
        }
        run.next_phase(index);
        Ok(run)
    }

    /// Whether the epochs of a phase have not become better for too long.
    fn stalled(&self, run: &Run<T::Network>, phase: usize, reporter: &Reporter) -> bool {
        let Some(stopping) = self.settings.early_stopping else {
            return false;
        };
        let metric = self.settings.monitored();
        let values = run.epochs_of(phase).map(|epoch| epoch.monitored);
        let stalled = stopping.stalled(metric, values);
        if let Some(since) = stalled {
            reporter.stalled(phase, &metric.name(), since);
        }
        stalled.is_some()
    }

    fn epoch(
        &self,
        run: Run<T::Network>,
        epoch: &EpochOf,
        at: &mut Working,
        progress: &dyn Progress,
    ) -> Result<Run<T::Network>> {
        let epochs = EpochLoop {
            task: self.task,
            reporter: &at.reporter,
            rates: Rates::new(self.settings.phases),
            accumulate: self.settings.accumulate,
            clipping: self.settings.clipping,
            max_loss: self.settings.max_loss,
        };
        let memory = MemoryGuard {
            task: self.task,
            batch: [self.settings.batch, self.settings.accumulate],
        };
        memory.within(self.context, || {
            epochs.run(run, epoch, self.context, &mut at.store, progress)
        })
    }

    /// Validates the epoch that was just trained, keeps its weights, and begins the next.
    fn validate(
        &self,
        run: &mut Run<T::Network>,
        phase: usize,
        at: &Working,
        progress: &dyn Progress,
    ) -> Result<()> {
        let network = run.evaluated();
        let validation = self.task.validate(&network, self.context, progress)?;
        let epoch = run.history.epochs.len() + 1;
        let outcome = Outcome {
            truth: validation.truth,
            probabilities: validation.probabilities,
            labels: self.task.labels().clone(),
            train_loss: run.position.sums.mean(),
            epoch,
        };
        let metric = &self.settings.checkpoint.metric;
        let value = outcome.value(metric);
        let best = run
            .best
            .as_ref()
            .is_none_or(|best| metric.improves(value, best.value));
        let [lr, lr_end] = self.rates_of_epoch(run, phase);
        let windows = network.windows()?;
        if best {
            run.best = Some(Best { epoch, value });
        }
        at.store.keep(epoch, best, network)?;
        let position = &mut run.position;
        let record = Epoch {
            epoch,
            phase: phase + 1,
            lr,
            train_loss: outcome.train_loss,
            valid_loss: outcome.valid_loss(),
            valid_auc_any: outcome.auc(),
            best,
            slices_per_second: position.sums.slices as f64 / position.seconds.max(1e-9),
            data_loading_wait: position.waited / position.seconds.max(1e-9),
            lr_end,
            gradient_norm: position.sums.largest_norm,
            seconds: position.seconds,
            monitored: outcome.value(self.settings.monitored()),
            memory_mib: peak_memory_mib(),
            windows,
        };
        position.validation[0] += validation.took.as_secs_f64();
        position.validation[1] += validation.waited.as_secs_f64();
        at.reporter.epoch(&record);
        run.history.epochs.push(record);
        run.next_epoch();
        let labels = self.task.labels();
        let headline = labels.name(labels.headline());
        run.history
            .write_csv(&self.context.file("history.csv")?, headline)
    }

    /// The learning rate of the epoch's first and last step.
    fn rates_of_epoch(&self, run: &Run<T::Network>, phase: usize) -> [f64; 2] {
        let steps = run.position.steps_of_phase;
        let per_epoch = steps / (run.position.epochs_of_phase + 1);
        let rates = Rates::new(self.settings.phases);
        [steps.saturating_sub(per_epoch), steps.saturating_sub(1)]
            .map(|step| rates.at(phase, step, per_epoch, run.history.epochs.len() + 1).lr)
    }
}
