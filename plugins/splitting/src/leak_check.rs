//! `leak-check`: what two cohorts of one recipe share.

use ichflow_api::prelude::*;

use crate::leak::{Leak, between};

/// The other cohort's Hounsfield units; without them those of `pixels` are taken.
const OTHER_PIXELS: OptionalInput<Pixels> = OptionalInput::new("other_pixels");
/// The cohort to hold against.
const OTHER: Input<Cohort> = Input::by_name("other");

/// Holds two cohorts against each other, such as a training set and one from elsewhere to test on: patients, studies and
/// images that stand in both, be it under another name, in another format or with other values.
///
/// Splits check the slices they deal and the test slices already; this is for cohorts of two loaders. The recipe names the
/// second one: `other = "external.cohort"`, and its store, `other_pixels = "external_store.pixels"`. Images are told
/// by what a HU store keeps of each (a digest and a perceptual hash), so nothing is read.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LeakCheck {
    /// What to do when something stands in both: `error` or `warn`.
    pub leak: Leak,
}

impl Stage for LeakCheck {
    const NAME: &'static str = "leak-check";
    const FAMILY: Family = Family::Split;
    const SUMMARY: &'static str = "whether two cohorts share patients or images, under any name";
    const EXAMPLE: &'static str = r#"
[leaks]
use = "leak-check"
leak = "warn"
"#;

    fn ports() -> Ports {
        Ports::new()
            .takes(input::COHORT)
            .takes(OTHER)
            .takes(optional::PIXELS)
            .takes(OTHER_PIXELS)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let (cohort, other) = (inputs.take(input::COHORT)?, inputs.take(OTHER)?);
        let pixels = inputs.get(optional::PIXELS)?;
        let other_pixels = inputs.get(OTHER_PIXELS)?.or_else(|| pixels.clone());
        let of_each = [pixels.as_deref(), other_pixels.as_deref()];
        let found = between(&cohort, &other, of_each, "in both cohorts");
        if found.is_empty() {
            context.say(format!(
                "{} and {} slices share no patient, no study and no image",
                cohort.len(),
                other.len()
            ));
        }
        self.leak
            .stop_or_warn(&found, "a score on the other cohort", context)?;
        Ok(Outputs::new())
    }
}

ichflow_api::register!(LeakCheck);

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    #[test]
    fn two_cohorts_that_share_a_patient_stop_or_are_warned_of() {
        let run_with = |leak: Leak, patient: &str| {
            let directory = tempfile::tempdir().unwrap();
            let run = testkit::run_context(directory.path());
            let context = Context::new(&run, "leaks", LeakCheck::NAME, "key");
            let mut other = testkit::slice("b", patient, None);
            other.study = "another".into();
            let inputs = Inputs::default()
                .with(
                    input::COHORT,
                    testkit::cohort(vec![testkit::slice("a", "p", None)]),
                )
                .with(OTHER, testkit::cohort(vec![other]));
            LeakCheck { leak }.run(&inputs, &context).map(|_| ())
        };
        let message = run_with(Leak::Error, "p").unwrap_err().to_string();
        assert_eq!(message, "1 patient has slices in both cohorts: p");
        run_with(Leak::Warn, "p").unwrap();
        run_with(Leak::Error, "q").unwrap();
    }
}
