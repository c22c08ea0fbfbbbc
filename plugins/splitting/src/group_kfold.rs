//! `group-kfold`: folds of whole patients with as many slices each.

use ichflow_api::prelude::*;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::groups::{GroupBy, Groups};
use crate::leak::Leak;
use crate::part::{Part, fold_problems};
use crate::split::{Dealt, Split, groups_of, ports, reject_empty};

/// Keeps one of k folds of whole patients for validation, all folds with as nearly the same number of slices as
/// patients allow; needs no labels.
///
/// Patients with the most slices are dealt out first, each to the smallest fold, as scikit-learn's
/// `GroupKFold` does; patients with equally many come in random order.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GroupKfold {
    /// What must not be on both sides: `patient`, `study` or `none`.
    pub group_by: GroupBy,
    /// The validation fold, from 0. One seed gives one partition.
    pub fold: usize,
    /// Number of folds.
    #[schemars(range(min = 2, max = 1000))]
    pub of: usize,
    /// What to do when a patient, a study or an image stands on both sides or in a labelled test set too, be it under
    /// another name, or a slice is listed twice: `error` or `warn`.
    pub leak: Leak,
}

impl Default for GroupKfold {
    fn default() -> Self {
        Self {
            group_by: GroupBy::Patient,
            fold: 0,
            of: 5,
            leak: Leak::Error,
        }
    }
}

impl Stage for GroupKfold {
    const NAME: &'static str = "group-kfold";
    const FAMILY: Family = Family::Split;
    const SUMMARY: &'static str = "one of k folds of whole patients for validation, equal in slices";
    const EXAMPLE: &'static str = "[split]\nuse = \"group-kfold\"\nfold = 0\nof = 5\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        ports()
    }

    fn check(&self) -> Vec<Problem> {
        fold_problems(Some(self.fold), Some(self.of))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::COHORT)?;
        reject_empty(&cohort)?;
        let groups = groups_of(&cohort, self.group_by, context);
        if groups.count < self.of {
            return Err(Error::new(format!(
                "{} {} cannot be dealt into {} folds",
                groups.count,
                self.group_by.plural(),
                self.of
            ))
            .help("ask for fewer folds with `of`, or load more patients"));
        }
        let fold_of = deal(&groups, self.of, &mut context.rng("folds"));
        let part = Part::Fold {
            fold: self.fold,
            of: self.of,
        };
        let split = Split {
            cohort: &cohort,
            test: inputs.get(optional::TEST_COHORT)?,
            pixels: inputs.get(optional::PIXELS)?,
            dealt: Dealt::of(
                part,
                groups.of_slice.iter().map(|group| fold_of[*group]).collect(),
            ),
            group_by: self.group_by,
            leak: self.leak,
        };
        split.offer(&groups, context)
    }
}

/// The fold of every group.
fn deal(groups: &Groups, folds: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut size = vec![0_usize; groups.count];
    for group in &groups.of_slice {
        size[*group] += 1;
    }
    let mut order: Vec<usize> = (0..groups.count).collect();
    order.shuffle(rng);
    order.sort_by_key(|group| std::cmp::Reverse(size[*group]));
    let mut filled = vec![0_usize; folds];
    let mut fold_of = vec![0; groups.count];
    for group in order {
        let smallest = (0..folds).min_by_key(|fold| filled[*fold]).unwrap_or_default();
        filled[smallest] += size[group];
        fold_of[group] = smallest;
    }
    fold_of
}

ichflow_api::register!(GroupKfold);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;
    use proptest::prelude::*;
    use rand_chacha::rand_core::SeedableRng;

    fn groups(sizes: &[usize]) -> Groups {
        Groups {
            of_slice: sizes
                .iter()
                .enumerate()
                .flat_map(|(group, size)| vec![group; *size])
                .collect(),
            count: sizes.len(),
            unnamed: 0,
        }
    }

    fn filled(groups: &Groups, fold_of: &[usize], folds: usize) -> Vec<usize> {
        let mut filled = vec![0; folds];
        groups
            .of_slice
            .iter()
            .for_each(|group| filled[fold_of[*group]] += 1);
        filled
    }

    #[test]
    fn folds_are_as_full_as_scikit_learns() {
        // GroupKFold(3) on groups of these sizes: folds of 12, 11 and 11 slices.
        let groups = groups(&[9, 1, 7, 4, 5, 2, 3, 3]);
        let fold_of = deal(&groups, 3, &mut ChaCha8Rng::seed_from_u64(1));
        let mut filled = filled(&groups, &fold_of, 3);
        filled.sort_unstable();
        assert_eq!(filled, [11, 11, 12]);
    }

    #[test]
    fn too_few_patients_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "split", GroupKfold::NAME, "key");
        let cohort = testkit::cohort(
            (0..9)
                .map(|i| testkit::slice(&format!("s{i}"), "p", None))
                .collect(),
        );
        let inputs = Inputs::default().with(input::COHORT, cohort);
        let error = GroupKfold::default().run(&inputs, &context).err().unwrap();
        assert_eq!(error.to_string(), "1 patients cannot be dealt into 5 folds");
    }

    proptest! {
        #[test]
        fn no_fold_exceeds_another_by_more_than_the_greatest_patient(
            sizes in prop::collection::vec(1_usize..60, 10..80),
            folds in 2_usize..7,
            seed: u64,
        ) {
            let groups = groups(&sizes);
            let fold_of = deal(&groups, folds, &mut ChaCha8Rng::seed_from_u64(seed));
            let filled = filled(&groups, &fold_of, folds);
            let spread = filled.iter().max().unwrap() - filled.iter().min().unwrap();
            prop_assert!(spread <= *sizes.iter().max().unwrap(), "{:?}", filled);
        }
    }
}
