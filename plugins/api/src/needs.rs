//! What stages would take, as far as they can tell before anything runs: `ichflow doctor` adds it up.

use crate::data::labels::LabelSet;
use crate::device::DeviceId;
use crate::ports::Descriptions;

/// Slices that a loader would find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// Their number.
    pub slices: u64,
    /// Rows of one of them.
    pub rows: u64,
    /// Columns of one of them.
    pub columns: u64,
}

/// What is known of a stage's inputs before anything runs.
pub struct Known {
    /// What its inputs will be.
    pub inputs: Descriptions,
    /// The slices of the loader before it, if it can tell.
    pub foreseen: Option<Foreseen>,
    /// The labels that the recipe is about.
    pub labels: LabelSet,
    /// Where tensors live.
    pub device: DeviceId,
}

/// A number of bytes, and what it is made of in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// The number.
    pub bytes: u64,
    /// What it is made of.
    pub how: String,
}

/// What a stage would take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The slices it would offer, if it is a loader or changes their size.
    pub foreseen: Option<Foreseen>,
    /// Memory where tensors live: the machine's, or a GPU's.
    pub memory: Option<Bytes>,
    /// What it would write beside small files.
    pub disk: Option<Bytes>,
}
