//! What follows the network: stages that take predictions and offer better ones under the same names, one file
//! each. They can be put in or left out without rewiring anything.

pub mod calibrate;
pub mod consistent_any;
pub mod ensemble;
pub(crate) mod parts;
pub mod smooth_z;
pub mod thresholds;

use ichflow_api::prelude::*;

use crate::slices::offer;

/// Takes `valid` and, where there is one, `test`; offers the same.
fn ports() -> Ports {
    Ports::new()
        .takes(input::VALID)
        .takes(optional::TEST)
        .offers(output::VALID)
        .offers(output::TEST.only_with(optional::TEST))
}

/// Changes the validation and the test predictions alike.
fn refine(
    inputs: &Inputs,
    context: &Context,
    change: impl Fn(&Predictions) -> Predictions,
) -> Result<Outputs> {
    let valid = change(&*inputs.take(input::VALID)?);
    let test = inputs.get(optional::TEST)?.map(|test| change(&test));
    offer(valid, test, context)
}

/// Says that what is fitted to validation predictions is for the test predictions too: slices are no exams.
///
/// # Errors
/// Where one is of slices and the other of exams.
fn check_one_level(valid: &Predictions, test: Option<&Predictions>) -> Result<()> {
    match test.map(|test| test.unit).filter(|unit| *unit != valid.unit) {
        None => Ok(()),
        Some(unit) => Err(Error::new(format!(
            "what is fitted to validation {} does not fit the test predictions, which are of {}",
            valid.unit.plural(),
            unit.plural()
        ))
        .help("wire both to predictions of one kind: `valid = \"exams.exams\"` and `test = \"exams.test_exams\"`")),
    }
}

/// `ln(p/(1 − p))`, with `p` kept in the range where a 32-bit network can tell it from 0 and 1.
pub(crate) fn logit(probability: f64) -> f64 {
    const EDGE: f64 = 1e-7;
    let kept = probability.clamp(EDGE, 1.0 - EDGE);
    (kept / (1.0 - kept)).ln()
}

/// `1/(1 + e^−x)`.
fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
