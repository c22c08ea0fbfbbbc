//! `validation-only`: nothing trains, all of it validates.

use ichflow_api::prelude::*;

use crate::groups::GroupBy;
use crate::leak::Leak;
use crate::split::{Dealt, Split, groups_of, ports, reject_empty};

/// Takes every slice for validation and none for training: to measure a model that was trained on other data, with
/// `bundled-model` in place of training.
///
/// There is no training fold then whose label frequencies could be the prevalence baseline: those of the slices measured
/// stand for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ValidationOnly {}

impl Stage for ValidationOnly {
    const NAME: &'static str = "validation-only";
    const FAMILY: Family = Family::Split;
    const SUMMARY: &'static str = "all slices for validation, to measure a model that was trained before";
    const EXAMPLE: &'static str = "[split]\nuse = \"validation-only\"\n";

    fn ports() -> Ports {
        ports()
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::COHORT)?;
        reject_empty(&cohort)?;
        let groups = groups_of(&cohort, GroupBy::Patient, context);
        let split = Split {
            cohort: &cohort,
            test: None,
            pixels: None,
            dealt: Dealt {
                names: vec!["validation".to_owned()],
                ratios: vec![1.0],
                fold_of: vec![0; cohort.len()],
                validation: 0,
            },
            group_by: GroupBy::Patient,
            leak: Leak::Error,
        };
        split.offer(&groups, context)
    }
}

ichflow_api::register!(ValidationOnly);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    #[test]
    fn no_slice_trains() {
        let labels = |index: usize| Some([index == 0, false, false, false, false, index == 0].into());
        let slices = (0..3).map(|index| testkit::slice(&format!("s{index}"), "p", labels(index)));
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "split", ValidationOnly::NAME, "key");
        let inputs = Inputs::default().with(input::COHORT, testkit::cohort(slices.collect()));
        let mut outputs = ValidationOnly::default().run(&inputs, &context).unwrap();
        let folds = outputs.take(output::FOLDS).unwrap();
        assert_eq!(folds.of_slice, [Fold::Valid; 3]);
    }
}
