//! Predictions of slices whose truth is known: what metrics are computed from.

use std::collections::{BTreeMap, HashMap};

use ichflow_metrics::weighted_log_loss;

use crate::data::identity::Subject;
use crate::data::labels::{LabelSet, Labels, Level};
use crate::data::predictions::Predictions;

/// Truth and probabilities of the slices whose truth is known, in the order predicted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelledPredictions {
    /// The labels.
    pub labels: LabelSet,
    /// What a row is about.
    pub unit: Level,
    /// Truth, one row per slice.
    pub truth: Vec<Labels>,
    /// Probabilities, one row per slice.
    pub probabilities: Vec<Vec<f64>>,
    /// Patient of each slice, numbered from 0 in the order of appearance.
    pub patient: Vec<usize>,
    /// Number of patients; 0 where that is not known.
    pub patients: usize,
}

impl LabelledPredictions {
    /// The slices of `predictions` whose truth is known.
    pub fn of(predictions: &Predictions) -> Self {
        let mut numbers: HashMap<Subject<'_>, usize> = HashMap::new();
        let (mut truth, mut probabilities, mut patient) = (Vec::new(), Vec::new(), Vec::new());
        for (slice, predicted, labels) in predictions.with_truth() {
            let next = numbers.len();
            patient.push(*numbers.entry(Subject::of(slice)).or_insert(next));
            truth.push(labels.clone());
            probabilities.push(predicted.to_vec());
        }
        Self {
            labels: predictions.labels.clone(),
            unit: predictions.unit,
            truth,
            probabilities,
            patient,
            patients: numbers.len(),
        }
    }

    /// Truth and probabilities of one label, by its place among the labels, of the slices where it is known.
    pub fn label(&self, label: usize) -> (Vec<bool>, Vec<f64>) {
        self.known(label)
            .map(|(slice, positive)| (positive, self.probabilities[slice][label]))
            .unzip()
    }

    /// The places of the slices where a label is known, with its truth.
    pub fn known(&self, label: usize) -> impl Iterator<Item = (usize, bool)> + '_ {
        let truth = self.truth.iter().enumerate();
        truth.filter_map(move |(slice, truth)| Some((slice, truth.positive(label)?)))
    }

    /// Whether some probability is not a number between 0 and 1, as after a training that diverged.
    pub fn has_invalid_probabilities(&self) -> bool {
        self.probabilities
            .iter()
            .flatten()
            .any(|probability| !(0.0..=1.0).contains(probability))
    }
}

/// Every patient with the weighted log loss of its slices with known truth, in the order of the patients' names.
pub fn patient_losses(predictions: &Predictions, eps: f64) -> Vec<(String, f64)> {
    let mut patients: BTreeMap<Subject<'_>, (Vec<&Labels>, Vec<&[f64]>)> = BTreeMap::new();
    for (slice, row, truth) in predictions.with_truth() {
        let (truths, rows) = patients.entry(Subject::of(slice)).or_default();
        truths.push(truth);
        rows.push(row);
    }
    patients
        .into_iter()
        .filter_map(|(patient, (truth, rows))| {
            let loss = weighted_log_loss(&truth, &rows, predictions.labels.weights(), eps)?;
            Some((patient.name().to_owned(), loss))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::cohort::Slice;
    use crate::testkit::slice;

    #[test]
    fn slices_without_a_patient_are_grouped_as_the_split_groups_them() {
        let of = |id: &str, patient: &str, study: &str| Slice {
            study: study.into(),
            ..slice(id, patient, Some([false; 6].into()))
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
            probabilities: vec![vec![0.5; 6]; slices.len()],
            slices,
            ..Predictions::default()
        };
        let labelled = LabelledPredictions::of(&predictions);
        assert_eq!(labelled.patient, [0, 0, 1, 2, 3, 4]);
        assert_eq!(labelled.patients, 5);
    }
}
