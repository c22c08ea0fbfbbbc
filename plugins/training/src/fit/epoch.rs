//! One epoch: its batches, one after the other.

use std::time::Instant;

use burn::module::Module;
use burn::optim::GradientsAccumulator;
use ichflow_api::context::Progress;
use ichflow_api::prelude::*;

use super::checkpoint::Store;
use super::gradients::Clipping;
use super::optimizer::Rate;
use super::readings::{Reading, Readings};
use super::reporter::Reporter;
use super::run::Run;
use super::schedule::Rates;
use super::task::Task;

/// Trains on the batches of epochs.
pub(super) struct EpochLoop<'a, T> {
    /// What computes a batch's gradients.
    pub task: &'a T,
    /// Who is told.
    pub reporter: &'a Reporter<'a>,
    /// Learning rates of all steps.
    pub rates: Rates<'a>,
    /// Batches in a step.
    pub accumulate: usize,
    /// What is done to gradients before a step.
    pub clipping: Clipping,
    /// A loss above this ends training.
    pub max_loss: f64,
}

/// Which epoch of a training is at work.
pub(super) struct EpochOf {
    /// Index of its phase.
    pub phase: usize,
    /// Optimizer steps in it.
    pub steps: usize,
    /// Its batches, each the indices of units.
    pub batches: Vec<Vec<usize>>,
}

impl<T: Task> EpochLoop<'_, T> {
    /// Trains on the batches of an epoch that are left; between two steps it may be interrupted.
    ///
    /// # Errors
    /// Where a batch cannot be read, the loss explodes or the run is interrupted.
    pub(super) fn run(
        &self,
        mut run: Run<T::Network>,
        epoch: &EpochOf,
        context: &Context,
        store: &mut Store,
        progress: &dyn Progress,
    ) -> Result<Run<T::Network>> {
        let label = self.reporter.label(run.history.epochs.len());
        let begun = Instant::now();
        let (seconds, waited) = (run.position.seconds, run.position.waited);
        let sizes: Vec<usize> = epoch.batches.iter().map(Vec::len).collect();
        let first = run.position.batches_of_epoch.min(sizes.len());
        let mut readings = Readings::new(std::mem::take(&mut run.position.sums), self.max_loss);
        let mut gathered = GradientsAccumulator::new();
        let mut has_gradients = false;
        let mut rate = self.rate(&run, epoch);
        let mut feed = self
            .task
            .feed(epoch.batches[first..].to_vec(), run.position.batches);
        for (batch, size) in sizes.iter().enumerate().skip(first) {
            let step = batch / self.accumulate * self.accumulate;
            if batch == step {
                let stop = context.checkpoint();
                if stop.is_err() || store.is_due() {
                    self.read(&mut readings, &run, epoch)?;
                    run.position.sums = readings.sums.clone();
                    run.position.seconds = seconds + begun.elapsed().as_secs_f64();
                    run.position.waited = waited + feed.waited().as_secs_f64();
                    store.save(&run)?;
                }
                stop?;
            }
            let batch_of_units = match feed.next() {
                Some(found) => found?,
                None => return Err(Error::new("the batches of this epoch ended too soon")),
            };
            let of_step = &sizes[step..(step + self.accumulate).min(sizes.len())];
            let share = *size as f64 / of_step.iter().sum::<usize>() as f64;
            let number = run.position.batches;
            let indices = self.task.units(&batch_of_units, context);
            // A batch of which nothing can be read adds nothing to its step.
            let mut loss = None;
            if !indices.is_empty() {
                let (of_batch, gradients) =
                    self.task.gradients(&run.network, batch_of_units, number, share)?;
                gathered.accumulate(&run.network, gradients);
                loss = Some(of_batch);
                has_gradients = true;
            }
            run.position.batches += 1;
            run.position.batches_of_epoch += 1;
            let norm = if batch + 1 == step + of_step.len() {
                rate = self.rate(&run, epoch);
                let mut norm = None;
                if std::mem::take(&mut has_gradients) {
                    let gradients;
                    (gradients, norm) = self.clipping.apply(&run.network, gathered.grads());
                    run.network = run.stepper.step(run.network, gradients, rate);
                    run.average = run.average.map(|average| average.follow(&run.network.valid()));
                }
                run.position.steps_of_phase += 1;
                norm
            } else {
                None
            };
            progress.advance(*size as u64);
            let Some(loss) = loss else { continue };
            let reading = Reading {
                loss,
                norm,
                batch: batch + 1,
                lr: rate.lr,
                indices,
            };
            if readings.add(reading) {
                self.read(&mut readings, &run, epoch)?;
                let wait = feed.waited().as_secs_f64() / begun.elapsed().as_secs_f64();
                let batch = [batch + 1, sizes.len()];
                progress.note(&label.note(batch, readings.sums.mean(), rate.lr, wait));
            }
        }
        self.read(&mut readings, &run, epoch)?;
        run.position.sums = readings.sums;
        run.position.seconds = seconds + begun.elapsed().as_secs_f64();
        run.position.waited = waited + feed.waited().as_secs_f64();
        Ok(run)
    }

    /// The learning rate of the next step.
    fn rate(&self, run: &Run<T::Network>, epoch: &EpochOf) -> Rate {
        let number = run.history.epochs.len() + 1;
        self.rates
            .at(epoch.phase, run.position.steps_of_phase, epoch.steps, number)
    }

    fn read(&self, readings: &mut Readings, run: &Run<T::Network>, epoch: &EpochOf) -> Result<()> {
        match readings.read()? {
            None => Ok(()),
            Some(found) => {
                let (done, place) = (run.history.epochs.len(), [epoch.phase, epoch.steps]);
                let ids = self.task.names(&found.indices);
                Err(self.reporter.exploded(&found, done, place, &ids, T::UNITS[1]))
            }
        }
    }
}
