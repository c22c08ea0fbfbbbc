//! What a state of training says beside its tensors.

use std::collections::BTreeMap;

use ichflow_api::prelude::*;

use crate::fit::readings::Sums;

/// Where training stands, beside the tensors.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Index of the phase.
    pub phase: usize,
    /// Whole epochs of the phase so far.
    pub epochs_of_phase: usize,
    /// Batches of the epoch so far.
    pub batches_of_epoch: usize,
    /// Batches of all epochs so far: what numbers the random generators of a batch.
    pub batches: u64,
    /// Optimizer steps of the phase so far.
    pub steps_of_phase: usize,
    /// What the epoch's batches come to so far.
    pub sums: Sums,
    /// Time spent in the epoch so far, in seconds.
    pub seconds: f64,
    /// Of these, waited for data.
    pub waited: f64,
    /// Time that validation took in all epochs, and of this, waited for data; in seconds.
    pub validation: [f64; 2],
}

/// The best epoch so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Best {
    /// Counted from 1.
    pub epoch: usize,
    /// Its checkpoint metric; nothing where that is not defined.
    pub value: Option<f64>,
}

/// Everything about a run but its tensors.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// Version of this form; set when it is written.
    pub format: u32,
    /// Where training stands.
    pub position: Position,
    /// The epochs so far.
    pub history: History,
    /// The best of them.
    pub best: Option<Best>,
    /// Steps the optimizer has taken.
    pub optimizer_steps: u32,
    /// Steps the average has followed.
    pub average_steps: u32,
    /// Name and digest of every file beside; set when it is written.
    pub files: BTreeMap<String, String>,
}
