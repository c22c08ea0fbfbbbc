//! Subgroups of what was judged last: exams, or slices where there are none.

use ichflow_api::data::measures::Metrics;
use ichflow_api::prelude::*;

use super::chosen_for;
use crate::measures::subgroups;
use crate::settings::Evaluate;

/// Adds the subgroups of validation and test rows to what was measured of them.
pub(super) fn add(
    measured: &mut Metrics,
    settings: &Evaluate,
    inputs: &Inputs,
    context: &Context,
) -> Result<()> {
    let of_slices = [Some(inputs.take(input::VALID)?), inputs.get(optional::TEST)?];
    let of_exams = [inputs.get(optional::EXAMS)?, inputs.get(optional::TEST_EXAMS)?];
    let (unit, parts) = match &mut measured.exams {
        Some(exams) => (exams.unit, [Some(&mut exams.valid), exams.test.as_mut()]),
        None => (measured.unit, [Some(&mut measured.valid), measured.test.as_mut()]),
    };
    let thresholds = chosen_for(inputs, unit)?;
    let names = ["validation subgroups", "test subgroups"];
    for (place, part) in parts.into_iter().enumerate() {
        let both = [of_slices[place].as_deref(), of_exams[place].as_deref()];
        let rows = both
            .into_iter()
            .flatten()
            .find(|predictions| predictions.unit == unit);
        // Exams know nothing of their slices: these tell how much of an exam is positive.
        let slices = both
            .into_iter()
            .flatten()
            .find(|predictions| predictions.unit.is_slice());
        if let (Some(part), Some(rows)) = (part, rows) {
            let mut rng = context.rng(names[place]);
            part.subgroups = subgroups(rows, slices, thresholds.as_deref(), settings, &mut rng);
        }
    }
    Ok(())
}
