//! `random`: patients for validation at random.

use ichflow_api::prelude::*;
use rand::seq::SliceRandom;

use crate::groups::GroupBy;
use crate::leak::Leak;
use crate::part::{Part, part_problems};
use crate::split::{Dealt, Split, groups_of, ports, reject_empty};

/// Keeps a share of the patients at random for validation, or one of k folds with `fold` and `of`; needs no labels.
///
/// Rare bleeding can be missing from one side by chance: where there are labels, `multilabel-stratified`
/// is better.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Random {
    /// What must not be on both sides: `patient`, `study` or `none` (neighbouring slices are then on both
    /// sides, and the validation score is better than it should be).
    pub group_by: GroupBy,
    /// Share of the patients (studies, slices) for validation, above 0 and below 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub valid: f64,
    /// Which of `of` folds is for validation, from 0; `valid` is then not used.
    pub fold: Option<usize>,
    /// Number of folds.
    #[schemars(range(min = 2, max = 1000))]
    pub of: Option<usize>,
    /// What to do when a patient, a study or an image stands on both sides or in a labelled test set too, be it under
    /// another name, or a slice is listed twice: `error` or `warn`.
    pub leak: Leak,
}

impl Default for Random {
    fn default() -> Self {
        Self {
            group_by: GroupBy::Patient,
            valid: 0.06,
            fold: None,
            of: None,
            leak: Leak::Error,
        }
    }
}

impl Stage for Random {
    const NAME: &'static str = "random";
    const FAMILY: Family = Family::Split;
    const SUMMARY: &'static str = "patients for validation at random";
    const EXAMPLE: &'static str = "[split]\nuse = \"random\"\nfold = 0\nof = 5\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        ports()
    }

    fn check(&self) -> Vec<Problem> {
        part_problems(self.valid, self.fold, self.of)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::COHORT)?;
        reject_empty(&cohort)?;
        let groups = groups_of(&cohort, self.group_by, context);
        let part = Part::new(self.valid, self.fold, self.of);
        let fold_of = deal(groups.count, part, context);
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

/// The fold of each of `count` groups.
fn deal(count: usize, part: Part, context: &Context) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut context.rng("folds"));
    let edges: Vec<usize> = match part {
        Part::Share(valid) => vec![0, count - (valid * count as f64).round() as usize, count],
        Part::Fold { of, .. } => (0..=of).map(|fold| fold * count / of).collect(),
    };
    let mut fold_of = vec![0; count];
    for (fold, edge) in edges.windows(2).enumerate() {
        for group in &order[edge[0]..edge[1]] {
            fold_of[*group] = fold;
        }
    }
    fold_of
}

ichflow_api::register!(Random);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;
    use proptest::prelude::*;

    fn run(stage: &Random, cohort: Cohort, seed: u64) -> Result<Folds> {
        let directory = tempfile::tempdir().unwrap();
        let mut run = testkit::run_context(directory.path());
        run.seed = seed;
        let context = Context::new(&run, "split", Random::NAME, "key");
        let mut outputs = stage.run(&Inputs::default().with(input::COHORT, cohort), &context)?;
        Ok((*outputs.take(output::FOLDS).unwrap()).clone())
    }

    fn cohort(slices: usize, patients: usize) -> Cohort {
        let slice = |i: usize| testkit::slice(&format!("s{i}"), &format!("p{}", i % patients), None);
        testkit::cohort((0..slices).map(slice).collect())
    }

    #[test]
    fn a_share_of_the_patients_is_for_validation_without_labels() {
        let stage = Random {
            valid: 0.25,
            ..Default::default()
        };
        let folds = run(&stage, cohort(40, 8), 1).unwrap();
        assert_eq!(folds.indices(Fold::Valid).len(), 10);
        assert_eq!(run(&stage, cohort(40, 8), 1).unwrap(), folds);
        assert_ne!(run(&stage, cohort(40, 8), 2).unwrap(), folds);
        let error = run(&stage, cohort(5, 1), 1).unwrap_err().to_string();
        assert!(error.contains("validation fold would be empty"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn folds_are_a_partition_of_the_patients(patients in 5_usize..40, of in 2_usize..5, seed: u64) {
            let cohort = cohort(patients * 3, patients);
            let mut times = vec![0; cohort.len()];
            for fold in 0..of {
                let stage = Random { fold: Some(fold), of: Some(of), ..Default::default() };
                for i in run(&stage, cohort.clone(), seed).unwrap().indices(Fold::Valid) {
                    times[i] += 1;
                }
            }
            prop_assert!(times.iter().all(|times| *times == 1));
        }
    }
}
