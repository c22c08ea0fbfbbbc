//! How many slices, series and patients have which labels, and which labels come together.

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::data::labels::{COUNT, Labels};
use ichflow_api::prelude::*;

/// One part of the data.
pub struct PartCounts {
    /// "labelled", "test".
    pub name: &'static str,
    /// Slices.
    pub slices: usize,
    /// Series.
    pub series: usize,
    /// Patients.
    pub patients: usize,
    /// Slices with known labels.
    pub labelled: usize,
    /// Slices, series and patients with each label.
    pub labels: [[usize; 3]; COUNT],
}

impl PartCounts {
    /// Counts some slices.
    pub fn of(name: &'static str, slices: &[Slice]) -> Self {
        let different = |key: &dyn Fn(&Slice) -> Option<String>| {
            slices.iter().filter_map(key).collect::<BTreeSet<_>>().len()
        };
        Self {
            name,
            slices: slices.len(),
            series: different(&|slice| Some(slice.series.clone())),
            patients: different(&|slice| Some(slice.patient.clone())),
            labelled: slices.iter().filter(|slice| slice.labels.is_some()).count(),
            labels: std::array::from_fn(|label| {
                let has = |slice: &Slice| slice.labels.is_some_and(|truth| truth[label]);
                [
                    slices.iter().filter(|slice| has(slice)).count(),
                    different(&|slice| has(slice).then(|| slice.series.clone())),
                    different(&|slice| has(slice).then(|| slice.patient.clone())),
                ]
            }),
        }
    }
}

/// Slices that have both labels; on the diagonal those that have the one.
pub fn together(slices: &[Slice]) -> [[usize; COUNT]; COUNT] {
    let mut both = [[0; COUNT]; COUNT];
    for truth in slices.iter().filter_map(|slice| slice.labels) {
        for (row, counts) in both.iter_mut().enumerate() {
            for (column, count) in counts.iter_mut().enumerate() {
                *count += usize::from(truth[row] && truth[column]);
            }
        }
    }
    both
}

/// How many sub-types a slice has.
pub fn subtypes(truth: &Labels) -> usize {
    truth[1..].iter().filter(|positive| **positive).count()
}

/// Slices by how many sub-types they have: 0 to 5.
pub fn subtypes_of_slices(slices: &[Slice]) -> [usize; COUNT] {
    let mut counts = [0; COUNT];
    for truth in slices.iter().filter_map(|slice| slice.labels) {
        counts[subtypes(&truth)] += 1;
    }
    counts
}

/// Share of positive slices of each patient, or series, that has labels.
pub fn positive_shares(slices: &[Slice], key: fn(&Slice) -> &str) -> Vec<f64> {
    let mut counts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for slice in slices {
        if let Some(truth) = slice.labels {
            let [positive, all] = counts.entry(key(slice)).or_default();
            *positive += usize::from(truth[0]);
            *all += 1;
        }
    }
    counts
        .values()
        .map(|[positive, all]| *positive as f64 / *all as f64)
        .collect()
}

/// Slices whose labels contradict each other: `any` without a sub-type, or a sub-type without `any`.
pub fn contradictions(slices: &[Slice]) -> usize {
    slices
        .iter()
        .filter_map(|slice| slice.labels)
        .filter(|truth| truth[0] != (subtypes(truth) > 0))
        .count()
}

/// Patients that stand in both sets.
pub fn in_both(train: &[Slice], test: &[Slice]) -> usize {
    let known: BTreeSet<&str> = train.iter().map(|slice| slice.patient.as_str()).collect();
    let others: BTreeSet<&str> = test.iter().map(|slice| slice.patient.as_str()).collect();
    others
        .intersection(&known)
        .filter(|patient| !patient.is_empty())
        .count()
}

/// Patients with more than one series.
pub fn with_several_series(slices: &[Slice]) -> usize {
    let mut series: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for slice in slices {
        series.entry(&slice.patient).or_default().insert(&slice.series);
    }
    series.values().filter(|series| series.len() > 1).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::slice;

    #[test]
    fn labels_are_counted_by_slice_series_and_patient() {
        let both = Some([true, true, false, false, false, true]);
        let none = Some([false; COUNT]);
        let odd = Some([true, false, false, false, false, false]);
        let slices = [
            slice("a", "p", both),
            slice("b", "p", both),
            slice("c", "q", none),
            slice("d", "q", odd),
            slice("e", "r", None),
        ];
        let counts = PartCounts::of("labelled", &slices);
        assert_eq!((counts.slices, counts.labelled, counts.patients), (5, 4, 3));
        assert_eq!(counts.labels[1], [2, 1, 1]);
        assert_eq!(counts.labels[0], [3, 2, 2]);
        assert_eq!(together(&slices)[1][5], 2);
        assert_eq!(together(&slices)[1][2], 0);
        assert_eq!(subtypes_of_slices(&slices), [2, 0, 2, 0, 0, 0]);
        assert_eq!(contradictions(&slices), 1);
        assert_eq!(positive_shares(&slices, |slice| &slice.patient), [1.0, 0.5]);
        assert_eq!(in_both(&slices[..2], &slices[1..]), 1);
        assert_eq!(with_several_series(&slices), 0);
    }
}
