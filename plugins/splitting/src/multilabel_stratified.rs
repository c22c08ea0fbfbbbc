//! `multilabel-stratified`: a validation share in which every label is as frequent as in the rest.

use ichflow_api::data::labels::Labels;
use ichflow_api::prelude::*;

use crate::groups::{GroupBy, Groups};
use crate::iterative::{Rule, Unit, stratify};
use crate::leak::Leak;
use crate::part::{Part, part_problems};
use crate::split::{Dealt, Split, groups_of, ports, reject_empty};

/// Keeps a share of the slices for validation, with every label as frequent as in the rest, by iterative
/// stratification (Sechidis 2011), and keeps all slices of a patient on one side.
///
/// Epidural bleeding is on one slice in 240: a random split can leave it out of the validation part
/// altogether. Patients are dealt out rarest label first, those with the most slices of it first, each
/// to the side that is behind in that label, relative to its share; patients without any bleeding fill
/// up the sizes.
///
/// With `fold` and `of` it keeps one of k folds for validation instead. One seed gives one partition: five runs with
/// `of = 5` and `fold` from 0 to 4 predict every slice of the cohort once, by a model that never saw its
/// patient.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MultilabelStratified {
    /// What must not be on both sides: `patient`, `study` or `none`. With `none` every slice is dealt out
    /// on its own, as the published RSNA solutions did; neighbouring slices are then on both sides, and
    /// the validation score is better than it should be.
    pub group_by: GroupBy,
    /// Share of the slices for validation, above 0 and below 1; a few per cent will do for large data.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub valid: f64,
    /// Which of `of` folds is for validation, from 0; `valid` is then not used.
    pub fold: Option<usize>,
    /// Number of folds of equal size.
    #[schemars(range(min = 2, max = 1000))]
    pub of: Option<usize>,
    /// What to do when a patient, a study or an image stands on both sides or in a labelled test set too, be it under
    /// another name, or a slice is listed twice: `error` or `warn`.
    pub leak: Leak,
}

impl Default for MultilabelStratified {
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

impl Stage for MultilabelStratified {
    const NAME: &'static str = "multilabel-stratified";
    const FAMILY: Family = Family::Split;
    const SUMMARY: &'static str =
        "a validation share with every label as frequent as in the rest, by patient";
    const EXAMPLE: &'static str =
        "[split]\nuse = \"multilabel-stratified\"\ngroup_by = \"patient\"\nvalid = 0.06\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        ports().wants_labels(input::COHORT)
    }

    fn check(&self) -> Vec<Problem> {
        part_problems(self.valid, self.fold, self.of)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::COHORT)?;
        let truth = truth_of(&cohort)?;
        let groups = groups_of(&cohort, self.group_by, context);
        let part = Part::new(self.valid, self.fold, self.of);
        let split = Split {
            cohort: &cohort,
            test: inputs.get(optional::TEST_COHORT)?,
            pixels: inputs.get(optional::PIXELS)?,
            dealt: Dealt::of(part, self.deal(part, &cohort, &truth, &groups, context)),
            group_by: self.group_by,
            leak: self.leak,
        };
        split.offer(&groups, context)
    }
}

impl MultilabelStratified {
    /// The fold of every slice.
    fn deal(
        &self,
        part: Part,
        cohort: &Cohort,
        truth: &[&Labels],
        groups: &Groups,
        context: &Context,
    ) -> Vec<usize> {
        let mut units = vec![Unit::default(); groups.count];
        for (labels, group) in truth.iter().zip(&groups.of_slice) {
            units[*group].add(labels);
        }
        let rule = match self.group_by {
            GroupBy::None => Rule::Absolute,
            GroupBy::Patient | GroupBy::Study => Rule::Proportional,
        };
        let fold_of = stratify(
            &units,
            cohort.labels.union(),
            &part.ratios(),
            rule,
            &mut context.rng("folds"),
        );
        groups.of_slice.iter().map(|group| fold_of[*group]).collect()
    }
}

/// The labels of every slice.
fn truth_of(cohort: &Cohort) -> Result<Vec<&Labels>> {
    reject_empty(cohort)?;
    let truth: Vec<&Labels> = cohort.truths().collect();
    if truth.len() < cohort.len() {
        return Err(Error::new(format!(
            "{} of {} slices have no labels, and a stratified split needs them all",
            cohort.len() - truth.len(),
            cohort.len()
        ))
        .help("give the loader a labels file, or wire `cohort` to the part that has labels"));
    }
    Ok(truth)
}

ichflow_api::register!(MultilabelStratified);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn run(stage: &MultilabelStratified, cohort: Cohort, seed: u64) -> Result<(Folds, String)> {
        let directory = tempfile::tempdir().unwrap();
        let mut run = testkit::run_context(directory.path());
        run.seed = seed;
        let context = Context::new(&run, "split", MultilabelStratified::NAME, "key");
        let mut outputs = stage.run(&Inputs::default().with(input::COHORT, cohort), &context)?;
        let folds = outputs.take(output::FOLDS).unwrap();
        let csv = std::fs::read_to_string(run.directory.join("folds.csv")).unwrap();
        Ok(((*folds).clone(), csv))
    }

    fn cohort(patients: usize, slices: usize) -> Cohort {
        let slices = (0..patients * slices).map(|i| {
            let patient = i / slices;
            let bleeds = patient.is_multiple_of(3) && i % slices < 2;
            let labels = [
                bleeds,
                false,
                bleeds,
                false,
                false,
                bleeds && patient.is_multiple_of(6),
            ];
            testkit::slice(
                &format!("ID_{i}"),
                &format!("patient {patient}"),
                Some(labels.into()),
            )
        });
        testkit::cohort(slices.collect())
    }

    #[test]
    fn a_tenth_of_the_patients_is_for_validation_and_written_down() {
        let stage = MultilabelStratified {
            valid: 0.1,
            ..Default::default()
        };
        let (folds, csv) = run(&stage, cohort(60, 5), 1).unwrap();
        assert_eq!(folds.indices(Fold::Valid).len(), 30);
        let positives = folds
            .indices(Fold::Valid)
            .iter()
            .filter(|i| (*i / 5).is_multiple_of(3) && *i % 5 < 2)
            .count();
        assert_eq!(positives, 4, "a tenth of 40");
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines[0], "id,fold");
        assert_eq!(lines.len(), 301);
        for (index, line) in lines[1..].iter().enumerate() {
            assert_eq!(*line, format!("ID_{index},{}", folds.of_slice[index].name()));
        }
        assert_eq!(run(&stage, cohort(60, 5), 1).unwrap().0, folds);
        assert_ne!(run(&stage, cohort(60, 5), 2).unwrap().0, folds);
    }

    #[test]
    fn what_cannot_be_split_is_refused_with_help() {
        let help_of = |cohort: Cohort| match run(&MultilabelStratified::default(), cohort, 0) {
            Err(Error::Failed { message, help, .. }) => (message, help.unwrap()),
            other => panic!("{other:?}"),
        };
        let mut unlabelled = cohort(60, 5);
        unlabelled.slices[7].labels = None;
        assert!(
            help_of(unlabelled)
                .0
                .starts_with("1 of 300 slices have no labels")
        );
        let (message, help) = help_of(cohort(1, 5));
        assert!(
            message.contains("fold would be empty: there are only 1 patients"),
            "{message}"
        );
        assert!(help.contains("`valid`"), "{help}");
        let mut twice = cohort(60, 5);
        twice.slices[299].id = "ID_0".into();
        assert!(help_of(twice).0.contains("ID_0 is in the cohort more than once"));
        assert!(help_of(Cohort::default()).0.contains("no slice"));
    }

    #[test]
    fn five_runs_hold_out_every_slice_once() {
        let cohort = cohort(60, 5);
        let mut times = vec![0; cohort.len()];
        for fold in 0..5 {
            let stage = MultilabelStratified {
                fold: Some(fold),
                of: Some(5),
                ..Default::default()
            };
            assert!(stage.check().is_empty());
            let (folds, _) = run(&stage, cohort.clone(), 3).unwrap();
            let validation = folds.indices(Fold::Valid);
            assert_eq!(validation.len(), 60);
            let bleeding = validation
                .iter()
                .filter(|i| cohort.slices[**i].labels.as_ref().unwrap().is_positive(2));
            assert_eq!(bleeding.count(), 8, "a fifth of 40");
            validation.iter().for_each(|i| times[*i] += 1);
        }
        assert!(times.iter().all(|times| *times == 1), "{times:?}");
    }

    #[test]
    fn a_split_that_leaks_is_refused_unless_allowed() {
        let mut stage = MultilabelStratified {
            group_by: GroupBy::None,
            valid: 0.3,
            ..Default::default()
        };
        let error = run(&stage, cohort(10, 5), 1).unwrap_err().to_string();
        assert!(
            error.contains("patients have slices on both sides") && error.contains("patient 0"),
            "{error}"
        );
        stage.leak = Leak::Warn;
        assert!(run(&stage, cohort(10, 5), 1).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn groups_never_cross(
            slices in prop::collection::vec((0_usize..25, 0_usize..3, prop::array::uniform6(prop::bool::weighted(0.2))), 60..300),
            valid in 0.05_f64..0.5,
            by_study: bool,
            seed: u64,
        ) {
            let slices: Vec<Slice> = slices
                .into_iter()
                .enumerate()
                .map(|(i, (patient, study, labels))| {
                    let mut slice = testkit::slice(&format!("s{i}"), &format!("p{patient}"), Some(labels.into()));
                    slice.study = format!("p{patient} study {study}");
                    slice
                })
                .collect();
            let group_by = if by_study { GroupBy::Study } else { GroupBy::Patient };
            let cohort = testkit::cohort(slices);
            let (folds, _) = run(&MultilabelStratified { group_by, valid, leak: Leak::Warn, ..Default::default() }, cohort.clone(), seed).unwrap();
            prop_assert_eq!(folds.of_slice.len(), cohort.len());
            let mut side = BTreeMap::new();
            for (slice, fold) in cohort.slices.iter().zip(&folds.of_slice) {
                let group = if by_study { &slice.study } else { &slice.patient };
                prop_assert_eq!(*side.entry(group).or_insert(*fold), *fold);
            }
        }
    }
}
