//! What training changes: the network and all that follows it.

use std::path::Path;

use burn::module::Module;
use ichflow_api::nn::Network;
use ichflow_api::prelude::*;

use super::average::Average;
use super::checkpoint::{Best, Checkpoints, Position, Saved, State};
use super::optimiser::Optimiser;

const NETWORK: &str = "network.bpk";
const MOMENTS: [&str; 2] = ["moments-1.bpk", "moments-2.bpk"];
const AVERAGE: &str = "average.bpk";

/// A training under way.
pub struct Run {
    /// The network, in training.
    pub network: Network,
    /// What moves it; begun anew with every phase.
    pub optimiser: Optimiser,
    /// What is evaluated and kept in its place, if the recipe asks for it.
    pub average: Option<Average<Network>>,
    /// Where training stands.
    pub position: Position,
    /// The epochs so far.
    pub history: History,
    /// The best of them.
    pub best: Option<Best>,
}

impl Run {
    /// The network as it is evaluated and kept. `valid` copies the running statistics too, which clones of a
    /// network in training share.
    pub fn evaluated(&self) -> Network {
        match &self.average {
            Some(average) => average.network().valid(),
            None => self.network.valid(),
        }
    }

    /// Writes everything down.
    pub fn save(&self, checkpoints: &mut Checkpoints) -> Result<()> {
        let state = State {
            position: self.position.clone(),
            history: self.history.clone(),
            best: self.best.clone(),
            optimiser_steps: self.optimiser.steps(),
            average_steps: self.average.as_ref().map_or(0, Average::steps),
            ..State::default()
        };
        let network = self.network.valid();
        let mut records: Vec<_> = MOMENTS
            .into_iter()
            .zip(self.optimiser.records(&network))
            .collect();
        if let Some(average) = &self.average {
            records.push((AVERAGE, average.network().valid().into_record()));
        }
        records.push((NETWORK, network.into_record()));
        checkpoints.save(state, records)
    }

    /// Carries on from a state. The parts that the state's phase trains are chosen by the caller, and its
    /// optimiser is [`Run::restore_optimiser`]'s.
    pub fn restore(&mut self, saved: &mut Saved, directory: &Path) -> Result<()> {
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

    /// Gives the optimiser back what it remembered.
    pub fn restore_optimiser(&mut self, saved: &mut Saved, directory: &Path) -> Result<()> {
        let [first, second] = MOMENTS;
        let records = [saved.take(first)?, saved.take(second)?];
        self.optimiser
            .restore(saved.state.optimiser_steps, records, &self.network.valid())
            .at("use", directory)
    }
}
