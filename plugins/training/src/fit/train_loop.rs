//! The loop over phases and epochs.

use burn::module::Module;
use ichflow_api::context::Progress;
use ichflow_api::prelude::*;
use ichflow_api::tensors::history::Epoch;

use super::Fit;
use super::average::Average;
use super::checkpoint::{Best, Saved, Store, windows_of};
use super::data::Data;
use super::epoch::{EpochLoop, EpochOf};
use super::gradients::Clipping;
use super::learner::Learner;
use super::memory::MemoryGuard;
use super::metric::Outcome;
use super::optimizer::{Stepper, rules};
use super::peak_memory::peak_memory_mib;
use super::reporter::Reporter;
use super::run::Run;
use super::sampling::Sampler;
use super::schedule::Rates;
use super::trainable::Trainable;
use super::validator::Validator;

/// Trains a network through all phases of a recipe.
pub(super) struct TrainLoop<'a> {
    /// What the recipe says.
    pub fit: &'a Fit,
    /// The stage at work.
    pub context: &'a Context<'a>,
    /// What is trained on.
    pub data: &'a Data,
    /// What computes the gradients of a batch.
    pub learner: &'a Learner<'a>,
    /// What predicts the validation slices after an epoch.
    pub validator: &'a Validator<'a>,
    /// What the network is, and what is built to find out about memory.
    pub spec: &'a NetworkSpec,
}

/// What changes while a training is under way, beside the [`Run`] itself.
struct Working<'a> {
    sampler: Sampler<'a>,
    store: Store<'a>,
    reporter: Reporter<'a>,
}

impl<'a> TrainLoop<'a> {
    /// Trains from where an earlier process stopped if one did, and leaves the result in the store. The network comes
    /// back as the last epoch left it.
    ///
    /// # Errors
    /// Where there is nothing to train on, the recipe names parts that the network does not have, slices or states
    /// cannot be read, the loss explodes, or the run is interrupted (the state is written then).
    pub(super) fn train(
        &self,
        network: Network,
        store: Store<'a>,
        mut saved: Option<Saved>,
    ) -> Result<Network> {
        let mut run = self.start(network)?;
        let mut at = Working {
            sampler: self.sampler()?,
            store,
            reporter: Reporter::new(self.context, &self.fit.phases),
        };
        if let Some(saved) = &mut saved {
            run.restore(saved, at.store.directory())?;
            at.reporter.resumed(&run);
        }
        let remaining = self.remaining(&run, &at.sampler);
        let progress = self.context.progress("training", remaining, "slices");
        for (index, phase) in self.fit.phases.iter().enumerate() {
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

    fn start(&self, network: Network) -> Result<Run> {
        let first_windows = windows_of(&network)?;
        Ok(Run {
            stepper: self.stepper(&network)?,
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

    fn stepper(&self, network: &Network) -> Result<Stepper> {
        let optimizer = self.fit.optimizer.shared();
        rules(&optimizer, &self.fit.lr_multipliers, network).map(Stepper::new)
    }

    fn sampler(&self) -> Result<Sampler<'a>> {
        let context = self.context;
        let batch = [self.fit.batch, self.fit.accumulate];
        let sampler = Sampler::new(
            &self.data.cohort.labels,
            self.data.labelled()?,
            batch,
            |purpose| context.rng(purpose),
        );
        sampler.check(&self.fit.phases)?;
        if self.data.validates_nothing() {
            context
                .warn("no validation slice has labels: epochs cannot be compared, and the last one is kept");
        }
        Ok(sampler)
    }

    /// Slices still to be trained on and validated.
    fn remaining(&self, run: &Run, sampler: &Sampler) -> usize {
        let phases = self.fit.phases.iter().enumerate().skip(run.position.phase);
        let left = phases.map(|(index, phase)| {
            let had = if index == run.position.phase {
                run.position.epochs_of_phase
            } else {
                0
            };
            let slices = sampler.epoch_size(phase) + self.data.validation.len();
            phase.epochs.saturating_sub(had) * slices
        });
        left.sum::<usize>().saturating_sub(run.position.sums.slices)
    }

    fn phase(
        &self,
        mut run: Run,
        index: usize,
        saved: Option<Saved>,
        at: &mut Working,
        progress: &dyn Progress,
    ) -> Result<Run> {
        let phase = &self.fit.phases[index];
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
                batches: at.sampler.epoch(phase),
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
    fn stalled(&self, run: &Run, phase: usize, reporter: &Reporter) -> bool {
        let Some(stopping) = &self.fit.early_stopping else {
            return false;
        };
        let metric = self.fit.monitored();
        let values = run.epochs_of(phase).map(|epoch| epoch.monitored);
        let stalled = stopping.stalled(metric, values);
        if let Some(since) = stalled {
            reporter.stalled(phase, &metric.name(), since);
        }
        stalled.is_some()
    }

    fn epoch(&self, run: Run, epoch: &EpochOf, at: &mut Working, progress: &dyn Progress) -> Result<Run> {
        let epochs = EpochLoop {
            learner: self.learner,
            reporter: &at.reporter,
            rates: Rates::new(&self.fit.phases),
            accumulate: self.fit.accumulate,
            clipping: Clipping {
                value: self.fit.clip_value,
                norm: self.fit.clip_norm,
            },
            max_loss: self.fit.max_loss,
        };
        let memory = MemoryGuard {
            spec: self.spec,
            learner: self.learner,
            batch: [self.fit.batch, self.fit.accumulate],
        };
        memory.within(self.context, || {
            epochs.run(run, epoch, self.context, &mut at.store, progress)
        })
    }

    /// Validates the epoch that was just trained, keeps its weights, and begins the next.
    fn validate(&self, run: &mut Run, phase: usize, at: &Working, progress: &dyn Progress) -> Result<()> {
        let network = run.evaluated();
        let model = self.data.model(network.clone(), &self.spec.describe());
        let validation = self.validator.validate(&model, self.context, progress)?;
        let epoch = run.history.epochs.len() + 1;
        let outcome = Outcome {
            truth: validation.truth,
            probabilities: validation.probabilities,
            labels: self.data.cohort.labels.clone(),
            train_loss: run.position.sums.mean(),
            epoch,
        };
        let metric = &self.fit.checkpoint.metric;
        let value = outcome.value(metric);
        let best = run
            .best
            .as_ref()
            .is_none_or(|best| metric.improves(value, best.value));
        let [lr, lr_end] = self.rates_of_epoch(run, phase);
        let windows = windows_of(&network)?;
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
            monitored: outcome.value(self.fit.monitored()),
            memory_mib: peak_memory_mib(),
            windows,
        };
        position.validation[0] += validation.took.as_secs_f64();
        position.validation[1] += validation.waited.as_secs_f64();
        at.reporter.epoch(&record);
        run.history.epochs.push(record);
        run.next_epoch();
        run.history.write_csv(&self.context.file("history.csv")?)
    }

    /// The learning rate of the epoch's first and last step.
    fn rates_of_epoch(&self, run: &Run, phase: usize) -> [f64; 2] {
        let steps = run.position.steps_of_phase;
        let per_epoch = steps / (run.position.epochs_of_phase + 1);
        let rates = Rates::new(&self.fit.phases);
        [steps.saturating_sub(per_epoch), steps.saturating_sub(1)]
            .map(|step| rates.at(phase, step, per_epoch, run.history.epochs.len() + 1).lr)
    }
}
