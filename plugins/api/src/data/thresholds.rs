//! Decision thresholds: from which probability on a slice is called positive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::labels::Level;
use crate::digest::sha256;
use crate::ports::Artifact;

/// A threshold per label, in the order of the label set: probabilities at or above it are called
/// positive. Absent where none could be chosen.
pub type LabelThresholds = Vec<Option<f64>>;

/// Thresholds chosen on validation slices for a stated target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// What is called positive or negative.
    #[serde(default, skip_serializing_if = "Level::is_slice")]
    pub unit: Level,
    /// What they were chosen for, in words: "sensitivity of at least 0.95".
    pub target: String,
    /// Chosen on all validation slices: for slices that had no part in it.
    pub of_label: LabelThresholds,
    /// For each validation slice, by its id, those chosen without its patient: so they can be judged on the
    /// validation slices themselves.
    pub validation: BTreeMap<String, LabelThresholds>,
}

impl Artifact for Thresholds {
    const NAME: &'static str = "thresholds";

    fn digest(&self) -> Option<String> {
        serde_json::to_vec(self).ok().map(|bytes| sha256(&bytes))
    }
}

impl Thresholds {
    /// The thresholds for one slice.
    pub fn for_slice(&self, id: &str) -> &LabelThresholds {
        self.validation.get(id).unwrap_or(&self.of_label)
    }
}
