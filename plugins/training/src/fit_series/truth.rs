//! What is true of the slices of series, and of series as a whole.

use ichflow_api::data::labels;
use ichflow_api::prelude::*;

/// Truth of some units, row by row; none where nothing is known.
pub(super) type Truth = Vec<Option<Vec<f32>>>;

/// What is known of a slice, a value a label.
pub(super) fn of_slice(slice: &Slice) -> Option<Vec<f32>> {
    Some(labels::as_f32(&slice.labels?).to_vec())
}

/// What is known of a series as a whole: of each label the highest value of its slices.
pub(super) fn of_series<'a>(slices: impl Iterator<Item = &'a Slice>) -> Option<Vec<f32>> {
    slices.filter_map(of_slice).reduce(|mut all, one| {
        all.iter_mut().zip(one).for_each(|(all, one)| *all = all.max(one));
        all
    })
}

/// The same as labels.
pub(super) fn labels_of_series<'a>(slices: impl Iterator<Item = &'a Slice>) -> Option<Labels> {
    let known = of_series(slices)?;
    Some(std::array::from_fn(|label| {
        known.get(label).is_some_and(|value| *value >= 0.5)
    }))
}
