//! What stages that predict validation and test slices share: their ports and their files.

use ichflow_api::prelude::*;

/// The ports of a stage that predicts validation and test slices from their pixels, after its own.
pub(crate) fn with_slices(own: Ports) -> Ports {
    own.input(Input::of::<Pixels>("pixels"))
        .input(Input::of::<Cohort>("cohort"))
        .input(Input::of::<Folds>("folds"))
        .input(Input::of::<Cohort>("test").optional())
        .output(Output::of::<Predictions>("valid"))
        .output(Output::of::<Predictions>("test").only_with("test"))
}

/// Writes the predictions and offers them.
pub(crate) fn offer(valid: Predictions, test: Option<Predictions>, context: &Context) -> Result<Outputs> {
    valid.write_csv(&context.file("predictions/valid.csv")?)?;
    if let Some(test) = &test {
        test.write_csv(&context.file("predictions/test.csv")?)?;
    }
    Ok(Outputs::new().with("valid", valid).with_some("test", test))
}
