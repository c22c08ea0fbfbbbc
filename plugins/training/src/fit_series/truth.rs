//! What is true of a series as a whole.

use ichflow_api::prelude::*;

/// What is known of a series: of each label the highest value of its slices, which are all alike where labels were given
/// for exams. Nothing where no slice has labels.
pub(super) fn of_series<'a>(slices: impl Iterator<Item = &'a Slice>) -> Option<Labels> {
    let all: Vec<&Labels> = slices.filter_map(|slice| slice.labels.as_ref()).collect();
    let labels = all.iter().map(|labels| labels.len()).max()?;
    let highest = |label| {
        let known = all.iter().filter_map(|labels| labels.value(label));
        known.reduce(f32::max)
    };
    Some(Labels::new((0..labels).map(highest).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::slice;

    #[test]
    fn a_series_has_what_one_of_its_slices_has() {
        let of = |values: Option<Vec<Option<f32>>>| slice("s", "p", values.map(Labels::new));
        let slices = [
            of(Some(vec![Some(0.0), None, Some(0.0)])),
            of(None),
            of(Some(vec![Some(1.0), None, Some(0.0)])),
        ];
        let expected = Labels::new(vec![Some(1.0), None, Some(0.0)]);
        assert_eq!(of_series(slices.iter()), Some(expected));
        assert_eq!(of_series([of(None)].iter()), None);
    }
}
