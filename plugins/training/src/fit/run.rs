//! What training changes: the network and all that follows it.

use std::path::Path;

use ichflow_api::prelude::*;
use ichflow_api::tensors::history::Epoch;

use super::average::Average;
use super::checkpoint::{Best, Position, Saved, State, States};
use super::optimizer::Stepper;
use super::task::Trained;

const NETWORK: &str = "network.bpk";
const AVERAGE: &str = "average.bpk";

/// The records of what the optimizer remembers, by number from 0.
fn moments(number: usize) -> String {
    format!("moments-{}.bpk", number + 1)
}

/// A training under way.
pub(crate) struct Run<N> {
    /// The network, in training.
    pub network: N,
    /// What moves it; new in every phase.
    pub stepper: Stepper,
    /// What is evaluated and kept in its place, if the recipe asks for it.
    pub average: Option<Average<N>>,
    /// Where training stands.
    pub position: Position,
    /// The epochs so far.
    pub history: History,
    /// The best of them.
    pub best: Option<Best>,
}

impl<N: Trained> Run<N> {
    /// The network as it is evaluated and kept. `valid` copies the running statistics too, which clones of a
    /// network in training share.
    pub(super) fn evaluated(&self) -> N {
        match &self.average {
            Some(average) => average.network().valid(),
            None => self.network.valid(),
        }
    }

    /// Writes everything down.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn save(&self, states: &mut States) -> Result<()> {
        let state = State {
            position: self.position.clone(),
            history: self.history.clone(),
            best: self.best.clone(),
            optimizer_steps: self.stepper.steps(),
            average_steps: self.average.as_ref().map_or(0, Average::steps),
            ..State::default()
        };
        let network = self.network.valid();
        let remembered = self.stepper.records(&network).into_iter().enumerate();
        let mut records: Vec<_> = remembered
            .map(|(number, record)| (moments(number), record))
            .collect();
        if let Some(average) = &self.average {
            records.push((AVERAGE.into(), average.network().valid().into_record()));
        }
        records.push((NETWORK.into(), network.into_record()));
        states.save(state, records)
    }

    /// Carries on from a state. The parts that the state's phase trains are chosen by the caller, and its
    /// optimizer is [`Run::restore_stepper`]'s.
    ///
    /// # Errors
    /// Where the state is of another network.
    pub(super) fn restore(&mut self, saved: &mut Saved, directory: &Path) -> Result<()> {
        let network = saved.take(NETWORK)?;
        self.network = self
            .network
            .clone()
            .try_load_record(network)
            .at("use", directory)?;
        if let Some(average) = self.average.take() {
            let record = saved.take(AVERAGE)?;
            let average = Average::new(average.decay(), self.network.valid());
            self.average = Some(
                average
                    .restore(saved.state.average_steps, record)
                    .at("use", directory)?,
            );
        }
        self.position = saved.state.position.clone();
        self.history = saved.state.history.clone();
        self.best = saved.state.best.clone();
        Ok(())
    }

    /// Gives the optimizer back what it remembered.
    ///
    /// # Errors
    /// Where the state is of another network or optimizer.
    pub(super) fn restore_stepper(&mut self, saved: &mut Saved, directory: &Path) -> Result<()> {
        let names = (0..)
            .map(moments)
            .take_while(|name| saved.has(name))
            .collect::<Vec<_>>();
        let records = names
            .iter()
            .map(|name| saved.take(name))
            .collect::<Result<Vec<_>>>()?;
        self.stepper
            .restore(saved.state.optimizer_steps, records, &self.network.valid())
            .at("use", directory)
    }

    /// Begins the next epoch: counts the one that ended, and its sums and times start at nothing.
    pub(super) fn next_epoch(&mut self) {
        let position = &mut self.position;
        position.sums = Default::default();
        position.batches_of_epoch = 0;
        position.epochs_of_phase += 1;
        (position.seconds, position.waited) = (0.0, 0.0);
    }

    /// Begins the phase after `phase`.
    pub(super) fn next_phase(&mut self, phase: usize) {
        self.position.phase = phase + 1;
        self.position.epochs_of_phase = 0;
        self.position.steps_of_phase = 0;
    }

    /// The epochs of a phase so far.
    pub(super) fn epochs_of(&self, phase: usize) -> impl Iterator<Item = &Epoch> {
        let epochs = self.history.epochs.iter();
        epochs.filter(move |epoch| epoch.phase == phase + 1)
    }
}
