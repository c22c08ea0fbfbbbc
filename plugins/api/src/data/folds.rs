//! Which slices are for training and which for validation.

use serde::{Deserialize, Serialize};

use crate::digest::sha256;
use crate::ports::Artifact;

/// What a slice is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fold {
    /// Trained on.
    Train,
    /// For validation.
    Valid,
}

impl Fold {
    /// Its name in `folds.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
        }
    }
}

/// The fold of every slice of a cohort, in the cohort's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folds {
    /// One entry a slice.
    pub of_slice: Vec<Fold>,
}

impl Artifact for Folds {
    const NAME: &'static str = "folds";

    fn digest(&self) -> Option<String> {
        let names: Vec<&str> = self.of_slice.iter().map(|fold| fold.name()).collect();
        Some(sha256(names.join(" ").as_bytes()))
    }
}

impl Folds {
    /// Indices of the slices in a fold, ascending.
    pub fn indices(&self, fold: Fold) -> Vec<usize> {
        (0..self.of_slice.len())
            .filter(|i| self.of_slice[*i] == fold)
            .collect()
    }
}
