//! One exam a patient: what promises and exact intervals take.

use std::collections::{HashMap, HashSet};

use ichflow_api::data::identity::Subject;
use ichflow_api::prelude::*;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// An exam whose truth is known.
pub(super) struct Case {
    /// Its place among the predictions.
    pub index: usize,
    /// Its truth.
    pub positive: bool,
    /// Its probability.
    pub probability: f64,
}

/// Exams whose truth is known, one a patient, in the order predicted.
pub(super) struct Drawn {
    pub cases: Vec<Case>,
    /// Left out: soft or unknown.
    pub without_truth: usize,
    /// Left out: another of the patient was drawn, or the patient is one of those to avoid.
    pub same_patient: usize,
}

/// Draws one exam of every patient who is not in `avoid`.
pub(super) fn draw(
    exams: &Predictions,
    label: usize,
    avoid: &HashSet<Subject<'_>>,
    rng: &mut ChaCha8Rng,
) -> Drawn {
    let mut order: Vec<Subject<'_>> = Vec::new();
    let mut of_patient: HashMap<Subject<'_>, Vec<Case>> = HashMap::new();
    let (mut without_truth, mut same_patient) = (0, 0);
    for (index, (slice, row)) in exams.slices.iter().zip(&exams.probabilities).enumerate() {
        let value = slice.labels.as_ref().and_then(|labels| labels.value(label));
        let Some(positive) = value
            .filter(|value| *value == 0.0 || *value == 1.0)
            .map(|value| value == 1.0)
        else {
            without_truth += 1;
            continue;
        };
        let patient = Subject::of(slice);
        if avoid.contains(&patient) {
            same_patient += 1;
            continue;
        }
        let cases = of_patient.entry(patient).or_insert_with(|| {
            order.push(patient);
            Vec::new()
        });
        cases.push(Case {
            index,
            positive,
            probability: row[label],
        });
    }
    let mut cases = Vec::with_capacity(order.len());
    for patient in order {
        let mut of = of_patient.remove(&patient).unwrap_or_default();
        same_patient += of.len().saturating_sub(1);
        let places: Vec<usize> = (0..of.len()).collect();
        if let Some(place) = places.choose(rng) {
            cases.push(of.swap_remove(*place));
        }
    }
    cases.sort_by_key(|case| case.index);
    Drawn {
        cases,
        without_truth,
        same_patient,
    }
}
