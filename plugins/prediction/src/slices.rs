//! What stages that predict validation and test slices share: their ports and their files.

use ichflow_api::prelude::*;

/// The ports of a stage that predicts validation and test slices from their pixels, after its own.
pub(crate) fn with_pixels(own: Ports) -> Ports {
    with_cohort(own.takes(input::PIXELS))
        .offers(output::VALID)
        .offers(output::TEST.only_with(optional::TEST))
}

/// What says which slices are predicted: the cohort that was split, and test slices.
pub(crate) fn with_cohort(own: Ports) -> Ports {
    own.takes(input::COHORT)
        .takes(input::FOLDS)
        .takes(optional::TEST_COHORT)
}

/// Writes the predictions and offers them.
pub(crate) fn offer(valid: Predictions, test: Option<Predictions>, context: &Context) -> Result<Outputs> {
    valid.write_csv(&context.file("predictions/valid.csv")?)?;
    if let Some(test) = &test {
        test.write_csv(&context.file("predictions/test.csv")?)?;
    }
    Ok(Outputs::new()
        .with(output::VALID, valid)
        .with_some(output::TEST, test))
}
