//! Where a training under way leaves what it must not lose.

use std::path::Path;
use std::time::{Duration, Instant};

use ichflow_api::prelude::*;

use super::files::place;
use super::result;
use super::states::{Saved, States};
use crate::fit::run::Run;
use crate::fit::task::Trained;

/// The states of a training and the weights it keeps, in its own directory and in the run's.
pub(crate) struct Store<'a> {
    directory: &'a Path,
    context: &'a Context<'a>,
    states: States,
    written: Instant,
    every: Duration,
}

impl<'a> Store<'a> {
    /// Opens the store in `directory`, whose states are written every so many minutes. The newest state that an
    /// earlier process left is given back.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    pub(crate) fn open(
        directory: &'a Path,
        every_minutes: f64,
        context: &'a Context<'a>,
    ) -> Result<(Self, Option<Saved>)> {
        let (states, saved) = States::open(directory, context)?;
        let store = Self {
            directory,
            context,
            states,
            written: Instant::now(),
            every: Duration::from_secs_f64(60.0 * every_minutes),
        };
        Ok((store, saved))
    }

    /// The training's own directory.
    pub(crate) fn directory(&self) -> &Path {
        self.directory
    }

    /// Whether the last state is so old that a new one is to be written within the epoch.
    pub(crate) fn is_due(&self) -> bool {
        self.written.elapsed() >= self.every
    }

    /// Writes the state.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn save<N: Trained>(&mut self, run: &Run<N>) -> Result<()> {
        run.save(&mut self.states)?;
        self.written = Instant::now();
        Ok(())
    }

    /// Keeps the weights of an epoch: as the last ones, and as the best where it is the best so far. `network` is not
    /// in training.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub(crate) fn keep<N: Trained>(&self, epoch: usize, best: bool, network: N) -> Result<()> {
        if best {
            result::write_best(self.directory, epoch, network.clone())?;
            let kept = result::best_file(self.directory, epoch);
            place(&kept, &self.context.file("checkpoints/best.bpk")?)?;
        }
        result::write_network(&self.context.file("checkpoints/last.bpk")?, network)
    }

    /// Writes the state after an epoch; weights that were the best before it are not needed any more.
    ///
    /// # Errors
    /// Where files cannot be written or removed.
    pub(crate) fn epoch_ended<N: Trained>(&mut self, run: &Run<N>) -> Result<()> {
        self.save(run)?;
        result::forget_all_but_best(self.directory, run)
    }

    /// Writes the result of a training that has come to its end.
    ///
    /// # Errors
    /// Where it had no epoch, or files cannot be written.
    pub(crate) fn finish<N: Trained>(&self, run: &Run<N>) -> Result<()> {
        result::write(self.directory, run)
    }
}
