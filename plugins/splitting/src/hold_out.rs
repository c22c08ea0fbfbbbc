//! `hold-out`: sites that have no part in training become test slices.

use ichflow_api::counted::counted;
use ichflow_api::prelude::*;

use crate::sites::{Sites, problems};

/// Keeps some sites out of training altogether: their slices become the test slices, with their labels, so that whatever
/// is trained, chosen and calibrated on the other sites is measured on them.
///
/// Sites are told by a column, `site` as `join` names it or any that `table` keeps, or by what headers say: `scanner`,
/// `maker`, `kernel`, `kvp`. Put it before `hu-store` and the split, which divides the other sites into training and
/// validation. Test slices that the loader has itself are replaced.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldOut {
    /// What tells the sites apart: a column, or `scanner`, `maker`, `kernel`, `thickness`, `kvp`, `tilt`, `age`, `sex`,
    /// `encoding`.
    #[serde(default = "site")]
    pub by: String,
    /// Those whose slices become test slices.
    pub sites: Vec<String>,
}

pub(crate) fn site() -> String {
    "site".to_owned()
}

impl Stage for HoldOut {
    const NAME: &'static str = "hold-out";
    const FAMILY: Family = Family::Split;
    const SUMMARY: &'static str = "whole sites as test slices, for a validation on other hospitals' data";
    const EXAMPLE: &'static str = "[external]\nuse = \"hold-out\"\nsites = [\"b\", \"c\"]\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(input::TRAIN)
            .offers(output::TRAIN)
            .offers(output::TEST_COHORT)
    }

    fn check(&self) -> Vec<Problem> {
        problems("sites", &self.sites)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let all = inputs.take(input::TRAIN)?;
        let is_test = Sites::of(&all, &self.by)?.among(&self.sites)?;
        let part = |test: bool| {
            let slices = all.slices.iter().zip(&is_test);
            all.with_slices(
                slices
                    .filter(|(_, of)| **of == test)
                    .map(|(slice, _)| slice.clone())
                    .collect(),
            )
        };
        let (mut train, test) = (part(false), part(true));
        train.remarks.clone_from(&all.remarks);
        context.say(format!(
            "{} ({}) of {} for tests, {} ({}) to train and validate on",
            counted(test.patients(), "patient", "patients"),
            counted(test.len(), "slice", "slices"),
            self.sites.join(", "),
            train.patients(),
            counted(train.len(), "slice", "slices"),
        ));
        Ok(Outputs::new()
            .with(output::TRAIN, train)
            .with(output::TEST_COHORT, test))
    }
}

ichflow_api::register!(HoldOut);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use ichflow_api::data::scan::ScanNotes;
    use ichflow_api::testkit;

    fn cohort() -> Cohort {
        let sites = [Some("a"), Some("b"), Some("c"), Some("a")];
        let slices = sites.iter().enumerate().map(|(index, site)| {
            let mut slice = testkit::slice(&format!("s{index}"), &format!("p{index}"), None);
            slice.scan = Arc::new(ScanNotes {
                manufacturer: "MADE".into(),
                columns: site
                    .iter()
                    .map(|site| ("site".to_owned(), (*site).to_owned()))
                    .collect(),
                ..ScanNotes::default()
            });
            slice
        });
        testkit::cohort(slices.collect())
    }

    fn run(cohort: Cohort, by: &str, sites: &[&str]) -> Result<(Vec<String>, Vec<String>)> {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "external", HoldOut::NAME, "key");
        let stage = HoldOut {
            by: by.into(),
            sites: sites.iter().map(|site| (*site).to_owned()).collect(),
        };
        let mut outputs = stage.run(&Inputs::default().with(input::TRAIN, cohort), &context)?;
        let mut ids = |port: Output<Cohort>| -> Vec<String> {
            let cohort = outputs.take(port).unwrap();
            cohort.slices.iter().map(|slice| slice.id.clone()).collect()
        };
        Ok((ids(output::TRAIN), ids(output::TEST_COHORT)))
    }

    #[test]
    fn sites_are_held_out_whole() {
        let (train, test) = run(cohort(), "site", &["b", "c"]).unwrap();
        assert_eq!(
            (train, test),
            (vec!["s0".into(), "s3".into()], vec!["s1".into(), "s2".into()])
        );
    }

    #[test]
    fn unknown_sites_and_sides_that_would_be_empty_are_refused() {
        let refused = |by: &str, sites: &[&str]| run(cohort(), by, sites).unwrap_err().to_string();
        assert_eq!(refused("site", &["d"]), "no slice has `site` d");
        assert!(refused("site", &["a", "b", "c"]).contains("none is left to train on"));
        assert!(refused("maker", &["MADE"]).contains("none is left to train on"));
        let mut open = cohort();
        open.slices[1].scan = Arc::default();
        let message = run(open, "site", &["c"]).unwrap_err().to_string();
        assert!(message.starts_with("1 of 4 slices"), "{message}");
    }
}
