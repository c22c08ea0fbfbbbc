//! Parts of the validation patients, for stages that are fitted to validation slices and judged on them: what
//! is applied to a part is fitted to the others.

use std::collections::HashMap;

use ichflow_api::data::identity::Subject;
use ichflow_api::prelude::*;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The part of every slice: all slices of a patient (of a study, where no patient is named) in one part,
/// and bleeding spread over the parts.
pub(crate) fn deal(predictions: &Predictions, parts: usize, rng: &mut ChaCha8Rng) -> Result<Vec<usize>> {
    predictions.check_truth()?;
    predictions.refuse_in_fold()?;
    let bleeds = |truth: &Labels| predictions.labels.is_positive(truth);
    let mut numbers: HashMap<Subject<'_>, usize> = HashMap::new();
    let mut bleeding: Vec<usize> = Vec::new();
    let patient_of: Vec<usize> = predictions
        .slices
        .iter()
        .map(|slice| {
            let next = numbers.len();
            let number = *numbers.entry(Subject::of(slice)).or_insert(next);
            bleeding.resize(numbers.len(), 0);
            bleeding[number] += usize::from(slice.labels.as_ref().is_some_and(bleeds));
            number
        })
        .collect();
    if bleeding.len() < 2 {
        return Err(Error::new(format!(
            "the validation {} are of one patient, and what is fitted to a patient cannot be judged on it",
            predictions.unit.plural()
        ))
        .help("keep more patients for validation, or leave this stage out"));
    }
    let mut order: Vec<usize> = (0..bleeding.len()).collect();
    order.shuffle(rng);
    // Stable: patients who bleed on equally many slices keep their random order.
    order.sort_by_key(|patient| std::cmp::Reverse(bleeding[*patient]));
    let parts = parts.min(order.len());
    let mut part_of = vec![0; order.len()];
    for (place, patient) in order.into_iter().enumerate() {
        part_of[patient] = place % parts;
    }
    Ok(patient_of.into_iter().map(|patient| part_of[patient]).collect())
}

/// Number of parts in what [`deal`] gave.
pub(crate) fn count(part_of: &[usize]) -> usize {
    part_of.iter().max().map_or(0, |last| last + 1)
}
