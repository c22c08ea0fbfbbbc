//! What can be judged: predictions with known truth.

use std::collections::HashMap;

use ichflow_api::data::identity::Subject;
use ichflow_api::data::labels::{COUNT, Labels};
use ichflow_api::prelude::*;

/// Truth and probabilities of the slices whose truth is known, in the order predicted.
#[derive(Clone)]
pub struct Judged {
    /// Truth.
    pub truth: Vec<Labels>,
    /// Probabilities.
    pub probabilities: Vec<[f64; COUNT]>,
    /// Patient of each slice (see [`Subject`]), numbered from 0 in the order of appearance.
    pub patient: Vec<usize>,
    /// Number of patients; 0 where that is not known.
    pub patients: usize,
}

impl Judged {
    /// Collects what can be judged.
    pub fn of(predictions: &Predictions) -> Self {
        let mut numbers: HashMap<Subject<'_>, usize> = HashMap::new();
        let (mut truth, mut probabilities, mut patient) = (Vec::new(), Vec::new(), Vec::new());
        for (slice, predicted, labels) in predictions.with_truth() {
            let next = numbers.len();
            patient.push(*numbers.entry(Subject::of(slice)).or_insert(next));
            truth.push(labels);
            probabilities.push(*predicted);
        }
        Self {
            truth,
            probabilities,
            patient,
            patients: numbers.len(),
        }
    }

    /// Truth and probabilities of one label.
    pub fn label(&self, label: usize) -> (Vec<bool>, Vec<f64>) {
        (
            self.truth.iter().map(|truth| truth[label]).collect(),
            self.probabilities
                .iter()
                .map(|predicted| predicted[label])
                .collect(),
        )
    }

    /// The first slice with a probability that is not a number between 0 and 1.
    pub(super) fn nonsense(&self) -> bool {
        self.probabilities
            .iter()
            .flatten()
            .any(|probability| !(0.0..=1.0).contains(probability))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::slice;

    #[test]
    fn slices_without_a_patient_are_grouped_as_the_split_groups_them() {
        let of = |id: &str, patient: &str, study: &str| Slice {
            study: study.into(),
            ..slice(id, patient, Some([false; COUNT]))
        };
        let slices = vec![
            of("a", "", "one"),
            of("b", " ", "one"),
            of("c", "", "two"),
            of("d", "", ""),
            of("e", "", ""),
            of("f", "one", "three"),
        ];
        let predictions = Predictions {
            probabilities: vec![[0.5; COUNT]; slices.len()],
            slices,
        };
        let judged = Judged::of(&predictions);
        assert_eq!(judged.patient, [0, 0, 1, 2, 3, 4]);
        assert_eq!(judged.patients, 5);
    }
}
