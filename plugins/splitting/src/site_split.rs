//! `site-split`: the sites that a recipe names, for validation.

use ichflow_api::prelude::*;

use crate::groups::GroupBy;
use crate::hold_out::site;
use crate::leak::Leak;
use crate::sites::{Sites, problems};
use crate::split::{Dealt, Split, groups_of, ports, reject_empty};

/// Trains on some sites and validates on the others: leave one site out, one site after the other, with a sweep over
/// `valid`.
///
/// What is chosen and fitted on validation slices (the best epoch, calibration, thresholds) has then seen those sites:
/// to measure on sites that nothing was chosen on, hold them out with `hold-out` and split the rest. Sites are told as
/// there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteSplit {
    /// What tells the sites apart: a column, or `scanner`, `maker`, `kernel`, `thickness`, `kvp`, `tilt`, `age`, `sex`,
    /// `encoding`.
    #[serde(default = "site")]
    pub by: String,
    /// Those that validate; all others train.
    pub valid: Vec<String>,
    /// What to do when a patient, a study or an image stands on both sides or in a labelled test set too, be it under
    /// another name, or a slice is listed twice: `error` or `warn`.
    #[serde(default)]
    pub leak: Leak,
}

impl Stage for SiteSplit {
    const NAME: &'static str = "site-split";
    const FAMILY: Family = Family::Split;
    const SUMMARY: &'static str = "trains on some sites and validates on the others";
    const EXAMPLE: &'static str = "[split]\nuse = \"site-split\"\nvalid = [\"b\"]\n";

    fn ports() -> Ports {
        ports()
    }

    fn check(&self) -> Vec<Problem> {
        problems("valid", &self.valid)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::COHORT)?;
        reject_empty(&cohort)?;
        let validation = Sites::of(&cohort, &self.by)?.among(&self.valid)?;
        let share = validation.iter().filter(|of| **of).count() as f64 / cohort.len() as f64;
        let groups = groups_of(&cohort, GroupBy::Patient, context);
        let split = Split {
            cohort: &cohort,
            test: inputs.get(optional::TEST_COHORT)?,
            pixels: inputs.get(optional::PIXELS)?,
            dealt: Dealt {
                names: vec!["train".to_owned(), "validation".to_owned()],
                ratios: vec![1.0 - share, share],
                fold_of: validation.into_iter().map(usize::from).collect(),
                validation: 1,
            },
            group_by: GroupBy::Patient,
            leak: self.leak,
        };
        split.offer(&groups, context)
    }
}

ichflow_api::register!(SiteSplit);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use ichflow_api::data::scan::ScanNotes;
    use ichflow_api::testkit;

    /// One slice a site, of these patients.
    fn split(patients: [&str; 3]) -> Result<Folds> {
        let slices = patients.iter().zip(["a", "b", "c"]).map(|(patient, site)| {
            let mut slice = testkit::slice(&format!("at {site}"), patient, Some([true; 6].into()));
            slice.study = format!("study at {site}");
            slice.scan = Arc::new(ScanNotes {
                columns: [("site".to_owned(), site.to_owned())].into(),
                ..ScanNotes::default()
            });
            slice
        });
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "split", SiteSplit::NAME, "key");
        let stage = SiteSplit {
            by: site(),
            valid: vec!["b".into()],
            leak: Leak::Error,
        };
        let inputs = Inputs::default().with(input::COHORT, testkit::cohort(slices.collect()));
        let mut outputs = stage.run(&inputs, &context)?;
        Ok((*outputs.take(output::FOLDS).unwrap()).clone())
    }

    #[test]
    fn the_named_site_validates_and_a_patient_of_two_sites_stops_the_run() {
        let folds = split(["p", "q", "r"]).unwrap();
        assert_eq!(folds.of_slice, [Fold::Train, Fold::Valid, Fold::Train]);
        let message = split(["p", "p", "r"]).unwrap_err().to_string();
        assert!(message.contains("1 patient"), "{message}");
    }
}
