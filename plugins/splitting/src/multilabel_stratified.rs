//! `multilabel-stratified`: holds out a share in which every label is as frequent as in the rest.

use std::collections::HashSet;
use std::path::Path;

use ichflow_api::labels::Labels;
use ichflow_api::prelude::*;
use serde_json::json;

use crate::balance::{BalanceLine, balance, table};
use crate::groups::{GroupBy, Groups};
use crate::iterative::{Rule, Unit, stratify};

/// Holds out a share of the slices in which every label is as frequent as in the rest, by iterative
/// stratification (Sechidis 2011), and keeps all slices of a patient on one side.
///
/// Epidural bleeding is on one slice in 240: a random split can leave it out of the held-out part
/// altogether. Patients are dealt out rarest label first, those with the most slices of it first, each
/// to the side that is behind in that label, relative to its share; patients without any bleeding fill
/// up the sizes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MultilabelStratified {
    /// What must not be on both sides: `patient`, `study` or `none`. With `none` every slice is dealt out
    /// on its own, as the published RSNA solutions did; neighbouring slices are then on both sides, and
    /// the held-out score is better than it should be.
    pub group_by: GroupBy,
    /// Share of the slices to hold out, above 0 and below 1; a few per cent will do for large data.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub valid: f64,
}

impl Default for MultilabelStratified {
    fn default() -> Self {
        Self {
            group_by: GroupBy::Patient,
            valid: 0.06,
        }
    }
}

impl Stage for MultilabelStratified {
    const NAME: &'static str = "multilabel-stratified";
    const FAMILY: Family = Family::Split;
    const SUMMARY: &'static str = "holds out a share with every label as frequent as in the rest, by patient";
    const EXAMPLE: &'static str =
        "[split]\nuse = \"multilabel-stratified\"\ngroup_by = \"patient\"\nvalid = 0.06\n";
    const SEEDED: bool = true;

    fn ports(&self) -> Ports {
        Ports::new()
            .input(Input::of::<Cohort>("cohort"))
            .output(Output::of::<Folds>("folds"))
    }

    fn check(&self) -> Vec<Problem> {
        // The schema's range includes its ends.
        if self.valid > 0.0 && self.valid < 1.0 {
            return Vec::new();
        }
        vec![
            Problem::new(
                "valid",
                format!(
                    "the share held out must lie between 0 and 1, not be {}",
                    self.valid
                ),
            )
            .help("write `valid = 0.06` to hold out 6 % of the slices"),
        ]
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.get::<Cohort>("cohort")?;
        let truth = truth_of(&cohort)?;
        reject_duplicates(&cohort)?;
        let groups = Groups::of(&cohort, self.group_by);
        if groups.unnamed > 0 {
            context.warn(format!(
                "{} slices do not say which {} they belong to; they are kept together by study, or stand \
                 alone: a patient may be on both sides",
                groups.unnamed,
                if self.group_by == GroupBy::Patient {
                    "patient"
                } else {
                    "study"
                },
            ));
        }
        let held_out = self.hold_out(&truth, &groups, context)?;
        verify(&held_out, &groups)?;
        let folds = Folds {
            of_slice: held_out
                .iter()
                .map(|held_out| if *held_out { Fold::Valid } else { Fold::Train })
                .collect(),
        };
        write_csv(&context.file("folds.csv")?, &cohort, &folds)?;
        self.describe(
            &cohort,
            &groups,
            &balance(&truth, &held_out, self.valid),
            &held_out,
            context,
        );
        Ok(Outputs::new().with("folds", folds))
    }
}

impl MultilabelStratified {
    /// Whether each slice is held out.
    fn hold_out(&self, truth: &[Labels], groups: &Groups, context: &Context) -> Result<Vec<bool>> {
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
            &[1.0 - self.valid, self.valid],
            rule,
            &mut context.rng("folds"),
        );
        for (fold, name) in [(0, "training"), (1, "held-out")] {
            if !fold_of.contains(&fold) {
                return Err(Error::new(format!(
                    "the {name} fold would be empty: there are only {} {} in the cohort, and {} % of them are \
                     to be held out",
                    groups.count,
                    self.group_by.plural(),
                    100.0 * self.valid,
                ))
                .help("hold out another share with `valid`, or load more patients"));
            }
        }
        Ok(groups.of_slice.iter().map(|group| fold_of[*group] == 1).collect())
    }

    /// Says how the split came out.
    fn describe(
        &self,
        cohort: &Cohort,
        groups: &Groups,
        lines: &[BalanceLine],
        held_out: &[bool],
        context: &Context,
    ) {
        let groups_held_out = distinct(held_out, groups);
        context.say(format!(
            "{} of {} {} held out\n{}",
            groups_held_out,
            groups.count,
            self.group_by.plural(),
            table(lines)
        ));
        context.event(
            "folds",
            json!({
                "group_by": self.group_by,
                "groups": groups.count,
                "groups_held_out": groups_held_out,
                "balance": lines,
            }),
        );
        for line in lines.iter().filter(|line| line.valid == 0 || line.train == 0) {
            let side = match (line.train, line.valid) {
                (0, 0) => "no slice of the cohort",
                (_, 0) => "no held-out slice",
                _ => "no training slice",
            };
            context.warn(format!(
                "{side} is positive for {}: what depends on it cannot be judged",
                line.what
            ));
        }
        let crossing = crossing_patients(cohort, held_out);
        if crossing > 0 {
            context.warn(format!(
                "{crossing} patients have slices on both sides, so the held-out score will flatter; \
                 `group_by = \"patient\"` keeps them together"
            ));
        }
    }
}

/// The labels of every slice.
fn truth_of(cohort: &Cohort) -> Result<Vec<Labels>> {
    if cohort.is_empty() {
        return Err(Error::new("there is no slice to split")
            .help("look at what the loader says: where it looked, and what it set aside"));
    }
    let truth: Vec<Labels> = cohort.slices.iter().filter_map(|slice| slice.labels).collect();
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

/// Ids name slices in every file a run writes: one slice listed twice could land on both sides.
fn reject_duplicates(cohort: &Cohort) -> Result<()> {
    let mut seen = HashSet::new();
    match cohort.slices.iter().find(|slice| !seen.insert(slice.id.as_str())) {
        None => Ok(()),
        Some(slice) => Err(Error::new(format!(
            "the slice {} is in the cohort more than once and could land on both sides",
            slice.id
        ))
        .help("remove the duplicate from what the loader reads")),
    }
}

/// Fails if a group is on both sides.
fn verify(held_out: &[bool], groups: &Groups) -> Result<()> {
    let mut side: Vec<Option<bool>> = vec![None; groups.count];
    for (held_out, group) in held_out.iter().zip(&groups.of_slice) {
        if *side[*group].get_or_insert(*held_out) != *held_out {
            return Err(Error::new("a group landed on both sides of the split")
                .help("this is a mistake in the split itself: please report it"));
        }
    }
    Ok(())
}

/// Number of groups held out.
fn distinct(held_out: &[bool], groups: &Groups) -> usize {
    let mut seen = vec![false; groups.count];
    for (_, group) in held_out
        .iter()
        .zip(&groups.of_slice)
        .filter(|(held_out, _)| **held_out)
    {
        seen[*group] = true;
    }
    seen.into_iter().filter(|seen| *seen).count()
}

/// Number of patients with slices on both sides.
fn crossing_patients(cohort: &Cohort, held_out: &[bool]) -> usize {
    let of = |side: bool| -> HashSet<&str> {
        cohort
            .slices
            .iter()
            .zip(held_out)
            .filter(|(slice, held_out)| **held_out == side && !slice.patient.trim().is_empty())
            .map(|(slice, _)| slice.patient.trim())
            .collect()
    };
    of(true).intersection(&of(false)).count()
}

/// Writes `id,fold`, in the cohort's order.
fn write_csv(path: &Path, cohort: &Cohort, folds: &Folds) -> Result<()> {
    let mut writer = csv::Writer::from_path(path).at("write", path)?;
    writer.write_record(["id", "fold"]).at("write", path)?;
    for (slice, fold) in cohort.slices.iter().zip(&folds.of_slice) {
        writer
            .write_record([slice.id.as_str(), fold.name()])
            .at("write", path)?;
    }
    writer.flush().at("write", path)
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
        let mut outputs = stage.run(&Inputs::default().with("cohort", cohort), &context)?;
        let folds = outputs.take_as::<Folds>("folds").unwrap();
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
            testkit::slice(&format!("ID_{i}"), &format!("patient {patient}"), Some(labels))
        });
        testkit::cohort(slices.collect())
    }

    #[test]
    fn a_tenth_of_the_patients_is_held_out_and_written_down() {
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
    fn shares_that_leave_nothing_are_problems() {
        for valid in [0.0, 1.0, -0.1, f64::NAN] {
            let stage = MultilabelStratified {
                valid,
                ..Default::default()
            };
            assert_eq!(stage.check().len(), 1, "{valid}");
        }
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
                    let mut slice = testkit::slice(&format!("s{i}"), &format!("p{patient}"), Some(labels));
                    slice.study = format!("p{patient} study {study}");
                    slice
                })
                .collect();
            let group_by = if by_study { GroupBy::Study } else { GroupBy::Patient };
            let cohort = testkit::cohort(slices);
            let (folds, _) = run(&MultilabelStratified { group_by, valid }, cohort.clone(), seed).unwrap();
            prop_assert_eq!(folds.of_slice.len(), cohort.len());
            let mut side = BTreeMap::new();
            for (slice, fold) in cohort.slices.iter().zip(&folds.of_slice) {
                let group = if by_study { &slice.study } else { &slice.patient };
                prop_assert_eq!(*side.entry(group).or_insert(*fold), *fold);
            }
        }
    }
}
