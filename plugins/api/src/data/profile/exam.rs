//! What is said of an exam beside the training data.

use serde::Serialize;

use super::data_profile::Limits;
use super::{HeaderFacts, HeaderField};

/// A value of a header that no training exam has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unseen {
    /// The field.
    pub field: HeaderField,
    /// The value.
    pub value: String,
}

/// An exam beside the training data.
#[derive(Clone, Debug, PartialEq)]
pub struct ExamNovelty {
    /// Its slices, by their places among those given.
    pub slices: Vec<usize>,
    /// Mean of its slices' distances.
    pub distance: f64,
    /// Population stability index of its histogram of HU against the training data's.
    pub hu_index: f64,
    /// What its headers say.
    pub facts: HeaderFacts,
    /// What of that no training exam has.
    pub unseen: Vec<Unseen>,
}

impl ExamNovelty {
    /// Whether its features lie further away than the validation exams' do.
    pub fn is_far(&self, limits: &Limits) -> bool {
        self.distance > limits.distance
    }

    /// Whether its histogram of HU lies further away than the validation exams' do.
    pub fn is_hu_off(&self, limits: &Limits) -> bool {
        self.hu_index > limits.hu_index
    }

    /// Whether anything of it is out of distribution.
    pub fn is_flagged(&self, limits: &Limits) -> bool {
        self.is_far(limits) || self.is_hu_off(limits) || !self.unseen.is_empty()
    }

    /// Why it is flagged: `features`, `hu`, `kernel` …; nothing where it is not.
    pub fn reasons(&self, limits: &Limits) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        if self.is_far(limits) {
            reasons.push("features");
        }
        if self.is_hu_off(limits) {
            reasons.push("hu");
        }
        reasons.extend(self.unseen.iter().map(|unseen| unseen.field.name()));
        reasons
    }
}
