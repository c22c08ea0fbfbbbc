//! `header-only`: what a header says, without a look at the image.

mod facts;

use ichflow_api::prelude::*;
use rayon::prelude::*;

use self::facts::Facts;
use super::parts::{Parts, offer_as};
use super::regressions::Regressions;
use crate::slices::with_cohort;

/// Predicts from a slice's header alone, by one logistic regression per label: pixel encoding, spacing, thickness, gantry
/// tilt, size, windows, scanner, kernel, kVp, age and sex, as far as headers state them. Where an emergency department has
/// a scanner of its own, the scanner tells how likely a hemorrhage is, and so may a network that sees the scanner's noise.
/// How much of a score that is, `evaluate` says.
///
/// A value that fewer than `least` training patients have, or that was never seen in training, counts as "another"; a
/// number that is not stated is the mean, and that it is not stated is a feature too. Where along the head a slice lies
/// is no feature: `position-only` has that.
///
/// Offers `header_only` and `test_header_only`, which no stage but `evaluate` takes by itself, and writes
/// `predictions/header_only.csv` and `predictions/test_header_only.csv`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeaderOnly {
    /// Training patients that must have a value, such as a kernel, for it to count by itself.
    #[schemars(range(min = 1, max = 1000))]
    pub least: usize,
    /// Penalty on the weights of the standardised features, above 0: the more, the more alike all predictions are.
    #[schemars(range(min = 1e-6, max = 1e6))]
    pub l2: f64,
}

impl Default for HeaderOnly {
    fn default() -> Self {
        Self { least: 3, l2: 1.0 }
    }
}

impl Stage for HeaderOnly {
    const NAME: &'static str = "header-only";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "a baseline that knows a slice's header, and not its image";
    const EXAMPLE: &'static str = "[header]\nuse = \"header-only\"\nleast = 3\n";

    fn ports() -> Ports {
        with_cohort(Ports::new())
            .wants_labels(input::COHORT)
            .offers(output::HEADER_ONLY)
            .offers(output::TEST_HEADER_ONLY.only_with(optional::TEST_COHORT))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let parts = Parts::of(inputs)?;
        let train = parts.slices(&parts.train);
        let facts = Facts::of(&train, self.least);
        let rows =
            |slices: &[Slice]| -> Vec<Vec<f64>> { slices.par_iter().map(|slice| facts.row(slice)).collect() };
        let models = Regressions::fit(&train, rows(&train), parts.cohort.labels.len(), self.l2)?;
        context.checkpoint()?;
        context.say(format!(
            "headers of training slices say: {}",
            facts.stated().join(", ")
        ));
        let predict = |slices: Vec<Slice>| {
            let rows = models.predict(rows(&slices));
            parts.predictions(slices, rows)
        };
        let valid = predict(parts.slices(&parts.valid));
        let test = parts.test.as_ref().map(|test| predict(test.slices.clone()));
        offer_as(
            [output::HEADER_ONLY, output::TEST_HEADER_ONLY],
            valid,
            test,
            context,
        )
    }
}

ichflow_api::register!(HeaderOnly);
