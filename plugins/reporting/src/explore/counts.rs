//! How many slices, series and patients have which labels, and how labels co-occur.

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::data::identity::{Subject, series_of};
use ichflow_api::prelude::*;

/// One part of the data.
pub(super) struct PartCounts {
    /// "training set", "test set"; empty where there is one.
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
    pub labels: Vec<[usize; 3]>,
}

impl PartCounts {
    /// Counts some slices.
    pub(super) fn of(name: &'static str, slices: &[Slice], labels: &LabelSet) -> Self {
        let series = series_of(slices);
        let patients = |of: &dyn Fn(&Slice) -> bool| {
            let those = slices.iter().filter(|slice| of(slice));
            those.map(Subject::of).collect::<BTreeSet<_>>().len()
        };
        Self {
            name,
            slices: slices.len(),
            series: series.len(),
            patients: patients(&|_| true),
            labelled: slices.iter().filter(|slice| slice.labels.is_some()).count(),
            labels: Vec::from_iter((0..labels.len()).map(|label| {
                let has = |slice: &Slice| {
                    slice
                        .labels
                        .as_ref()
                        .is_some_and(|truth| truth.is_positive(label))
                };
                [
                    slices.iter().filter(|slice| has(slice)).count(),
                    series
                        .iter()
                        .filter(|series| series.iter().any(|index| has(&slices[*index])))
                        .count(),
                    patients(&has),
                ]
            })),
        }
    }
}

/// Slices that have both labels; on the diagonal those that have the one.
pub(super) fn cooccurrence(slices: &[Slice], labels: &LabelSet) -> Vec<Vec<usize>> {
    let mut both = vec![vec![0; labels.len()]; labels.len()];
    for truth in slices.iter().filter_map(|slice| slice.labels.as_ref()) {
        for (row, counts) in both.iter_mut().enumerate() {
            for (column, count) in counts.iter_mut().enumerate() {
                *count += usize::from(truth.is_positive(row) && truth.is_positive(column));
            }
        }
    }
    both
}

/// How many sub-types a slice has.
pub(super) fn subtypes(truth: &Labels, labels: &LabelSet) -> usize {
    labels.kinds().filter(|label| truth.is_positive(*label)).count()
}

/// Slices by how many sub-types they have, from 0 to all.
pub(super) fn subtypes_of_slices(slices: &[Slice], labels: &LabelSet) -> Vec<usize> {
    let mut counts = vec![0; labels.kinds().count() + 1];
    for truth in slices.iter().filter_map(|slice| slice.labels.as_ref()) {
        counts[subtypes(truth, labels)] += 1;
    }
    counts
}

/// Share of positive slices of each group of slices, a patient or a series, that has labels.
pub(super) fn positive_shares(slices: &[Slice], groups: &[Vec<usize>], labels: &LabelSet) -> Vec<f64> {
    groups
        .iter()
        .filter_map(|group| {
            let truth: Vec<_> = group
                .iter()
                .filter_map(|index| slices[*index].labels.as_ref())
                .collect();
            let positive = truth.iter().filter(|truth| labels.is_positive(truth)).count();
            (!truth.is_empty()).then(|| positive as f64 / truth.len() as f64)
        })
        .collect()
}

/// Slices whose labels contradict each other: the union (`any`) without a sub-type, or a sub-type without it. What is
/// unknown contradicts nothing.
pub(super) fn contradictions(slices: &[Slice], labels: &LabelSet) -> usize {
    let contradicts = |truth: &&Labels| {
        let union = labels.union().and_then(|union| truth.positive(union));
        let kinds = subtypes(truth, labels);
        let all_known = labels.kinds().all(|label| truth.value(label).is_some());
        match union {
            Some(true) => kinds == 0 && all_known,
            Some(false) => kinds > 0,
            None => false,
        }
    };
    let truths = slices.iter().filter_map(|slice| slice.labels.as_ref());
    truths.filter(contradicts).count()
}

/// Patients that stand in both sets.
pub(super) fn in_both(train: &[Slice], test: &[Slice]) -> usize {
    let known: BTreeSet<Subject<'_>> = train.iter().map(Subject::of).collect();
    let others: BTreeSet<Subject<'_>> = test.iter().map(Subject::of).collect();
    others.intersection(&known).count()
}

/// Patients with more than one series.
pub(super) fn with_several_series(slices: &[Slice]) -> usize {
    let mut series: BTreeMap<Subject<'_>, usize> = BTreeMap::new();
    for members in series_of(slices) {
        if let Some(first) = members.first() {
            *series.entry(Subject::of(&slices[*first])).or_default() += 1;
        }
    }
    series.values().filter(|series| **series > 1).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::data::identity::subjects_of;
    use ichflow_api::testkit::slice;

    #[test]
    fn labels_are_counted_by_slice_series_and_patient() {
        let labels = LabelSet::rsna();
        let both = || Some([true, true, false, false, false, true].into());
        let none = Some(labels.negative());
        let odd = Some([true, false, false, false, false, false].into());
        let slices = [
            slice("a", "p", both()),
            slice("b", "p", both()),
            slice("c", "q", none),
            slice("d", "q", odd),
            slice("e", "r", None),
        ];
        let counts = PartCounts::of("labelled", &slices, &labels);
        assert_eq!((counts.slices, counts.labelled, counts.patients), (5, 4, 3));
        assert_eq!(counts.labels[1], [2, 1, 1]);
        assert_eq!(counts.labels[0], [3, 2, 2]);
        assert_eq!(cooccurrence(&slices, &labels)[1][5], 2);
        assert_eq!(cooccurrence(&slices, &labels)[1][2], 0);
        assert_eq!(subtypes_of_slices(&slices, &labels), [2, 0, 2, 0, 0, 0]);
        assert_eq!(contradictions(&slices, &labels), 1);
        assert_eq!(
            positive_shares(&slices, &subjects_of(&slices), &labels),
            [1.0, 0.5]
        );
        assert_eq!(in_both(&slices[..2], &slices[1..]), 1);
        assert_eq!(with_several_series(&slices), 0);
    }
}
