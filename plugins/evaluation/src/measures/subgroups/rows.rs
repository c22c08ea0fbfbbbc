//! The cases that are divided.

use std::collections::{BTreeSet, HashMap};

use ichflow_api::data::identity::Subject;
use ichflow_api::prelude::*;

use super::group::Member;

/// Rows whose truth is known of the label that stands for all.
pub(super) struct Rows {
    pub members: Vec<Member>,
    /// Whether the threshold was chosen.
    pub chosen: bool,
    /// The one to name; rows may have been called by one that has not seen their patient.
    pub threshold: f64,
}

impl Rows {
    /// `thresholds` are those that were chosen, `fixed` stands for them where there are none.
    pub(super) fn of(predictions: &Predictions, thresholds: Option<&Thresholds>, fixed: f64) -> Self {
        let headline = predictions.labels.headline();
        let chosen = thresholds.and_then(|thresholds| *thresholds.of_label.get(headline)?);
        let mut numbers: HashMap<Subject<'_>, usize> = HashMap::new();
        let members = predictions
            .known(headline)
            .map(|(place, positive, probability)| {
                let slice = &predictions.slices[place];
                let next = numbers.len();
                let of_row = match (thresholds, chosen) {
                    (Some(thresholds), Some(_)) => {
                        thresholds.for_slice(&slice.id).get(headline).copied().flatten()
                    }
                    _ => Some(fixed),
                };
                Member {
                    place,
                    positive,
                    probability,
                    patient: *numbers.entry(Subject::of(slice)).or_insert(next),
                    called: of_row.map(|threshold| probability >= threshold),
                }
            })
            .collect();
        Self {
            members,
            chosen: chosen.is_some(),
            threshold: chosen.unwrap_or(fixed),
        }
    }

    /// Some of them.
    pub(super) fn some(&self, rows: &[usize]) -> Vec<&Member> {
        rows.iter().map(|row| &self.members[*row]).collect()
    }

    /// Number of patients that some of them belong to.
    pub(super) fn patients(&self, rows: &[usize]) -> usize {
        let patients: BTreeSet<usize> = rows.iter().map(|row| self.members[*row].patient).collect();
        patients.len()
    }
}
