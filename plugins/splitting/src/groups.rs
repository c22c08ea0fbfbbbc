//! Which slices must stay on one side of a split.

use std::collections::HashMap;

use ichflow_api::data::cohort::{Cohort, Slice};
use ichflow_api::data::identity::Subject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is kept together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// All slices of a patient: nothing of a validation patient is seen in training.
    #[default]
    Patient,
    /// All slices of a study; a patient's other studies may be on the other side.
    Study,
    /// Nothing: neighbouring slices of one patient land on both sides, and scores flatter.
    None,
}

impl GroupBy {
    /// What a group is called, in the plural.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Patient => "patients",
            Self::Study => "studies",
            Self::None => "slices",
        }
    }
}

/// The groups of a cohort, numbered in the order in which they appear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Group of every slice, in the cohort's order.
    pub of_slice: Vec<usize>,
    /// Number of groups.
    pub count: usize,
    /// Slices whose header does not name what they were to be grouped by; they are grouped by the next
    /// smaller thing it does name.
    pub unnamed: usize,
}

impl Groups {
    /// Groups the slices of a cohort.
    pub fn of(cohort: &Cohort, by: GroupBy) -> Self {
        let mut numbers: HashMap<Subject<'_>, usize> = HashMap::new();
        let mut unnamed = 0;
        let of_slice = cohort
            .slices
            .iter()
            .map(|slice| {
                let (key, fell_back) = key(slice, by);
                unnamed += usize::from(fell_back);
                let next = numbers.len();
                *numbers.entry(key).or_insert(next)
            })
            .collect();
        Self {
            of_slice,
            count: numbers.len(),
            unnamed,
        }
    }
}

/// What a slice is grouped by, and whether its header lacks what was asked for.
fn key(slice: &Slice, by: GroupBy) -> (Subject<'_>, bool) {
    let subject = match by {
        GroupBy::Patient => Subject::of(slice),
        GroupBy::Study => Subject::new("", &slice.study, &slice.id),
        GroupBy::None => Subject::Slice(&slice.id),
    };
    let named = match by {
        GroupBy::Patient => matches!(subject, Subject::Patient(_)),
        GroupBy::Study => matches!(subject, Subject::Study(_)),
        GroupBy::None => true,
    };
    (subject, !named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    #[test]
    fn slices_without_a_patient_are_not_one_patient() {
        let mut slices: Vec<_> = ["a", "b", "c", "d"]
            .map(|id| testkit::slice(id, "", None))
            .to_vec();
        slices[0].study = "one".into();
        slices[1].study = "one".into();
        slices[2].study = String::new();
        slices[3].patient = "one".into();
        let groups = Groups::of(&testkit::cohort(slices), GroupBy::Patient);
        assert_eq!(groups.of_slice, [0, 0, 1, 2]);
        assert_eq!((groups.count, groups.unnamed), (3, 3));
    }
}
