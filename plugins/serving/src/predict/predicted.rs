//! Filling the rows: portion by portion, none of which ends the call.

use std::fs;
use std::panic::AssertUnwindSafe;

use ichflow_api::context::RunContext;
use ichflow_api::guard;
use ichflow_api::prelude::*;

use super::portions::{Portion, portions, smaller};
use super::rows::{Outcome, Row};
use ichflow_api::bundle::{Predicted, Predictor};

/// Predicts `slices`, whose ids are the numbers of their rows, and writes into the rows what came of them. With
/// `with_exams`, what the bundle makes of whole exams is given back.
///
/// # Errors
/// When the program has no stage that the bundle needs, or the call should stop. What fails for some slices is the reason
/// that stands in their rows.
pub(crate) fn fill(
    rows: &mut [Row],
    slices: Vec<Slice>,
    pixels: &Pixels,
    predictor: &mut Predictor,
    run: &RunContext,
    with_exams: bool,
) -> Result<Option<Exams>> {
    let mut of_exams: Option<Predictions> = None;
    let mut waiting = portions(slices);
    waiting.reverse();
    while let Some(portion) = waiting.pop() {
        let whole = match predict(predictor, &portion, pixels, with_exams) {
            Ok((predicted, slices_of_exams)) => {
                enter(rows, predicted);
                match (&mut of_exams, slices_of_exams) {
                    (Some(all), Some(more)) => {
                        all.slices.extend(more.slices);
                        all.probabilities.extend(more.probabilities);
                    }
                    (all, first) => *all = all.take().or(first),
                }
                None
            }
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => Some(error.chain()),
        };
        for excluded in run.take_quarantined() {
            set(rows, &excluded.id, Outcome::Excluded(excluded.reason));
        }
        // What stages kept of these slices is of no use to others.
        let _ = fs::remove_dir_all(&run.cache);
        let Some(reason) = whole else { continue };
        // The rows of what was excluded have their reasons, and need no second try.
        let is_open = |slice: &Slice| {
            matches!(
                row(rows, &slice.id),
                Some(Row {
                    result: Outcome::Waiting,
                    ..
                })
            )
        };
        let left: Portion = portion
            .iter()
            .map(|series| series.iter().filter(|slice| is_open(slice)).cloned().collect())
            .filter(|series: &Vec<Slice>| !series.is_empty())
            .collect();
        let shrunk = left.iter().map(Vec::len).sum::<usize>() < portion.iter().map(Vec::len).sum();
        let again = match smaller(left.clone()) {
            parts if !parts.is_empty() => parts,
            _ if shrunk && !left.is_empty() => vec![left.clone()],
            _ => Vec::new(),
        };
        if again.is_empty() {
            for slice in left.iter().flatten() {
                set(rows, &slice.id, Outcome::Excluded(reason.clone()));
            }
        }
        waiting.extend(again.into_iter().rev());
    }
    // Exams last: slices of one may have been in several portions.
    let Some(slices) = of_exams else { return Ok(None) };
    let exams = predictor.exams(slices.clone())?;
    Ok(Some(Exams { slices, exams }))
}

/// Whole exams, and the slices they were made of.
pub(crate) struct Exams {
    /// Their ids are the numbers of their rows.
    pub slices: Predictions,
    /// One row an exam.
    pub exams: Predictions,
}

fn predict(
    predictor: &mut Predictor,
    portion: &Portion,
    pixels: &Pixels,
    with_exams: bool,
) -> Result<(Predicted, Option<Predictions>)> {
    let cohort = Cohort {
        slices: portion.concat(),
        ..Cohort::default()
    };
    // A network may panic on an image that is too small for it.
    guard::catch(AssertUnwindSafe(|| {
        let predictions = predictor.predict(cohort, pixels.clone())?;
        let of_exams = if with_exams {
            predictor.slices_of_exams()?
        } else {
            None
        };
        Ok((predictions, of_exams))
    }))
    .unwrap_or_else(|message| {
        Err(Error::new(format!(
            "the model cannot be applied to it: {message}"
        )))
    })
}

fn enter(rows: &mut [Row], predicted: Predicted) {
    let Predicted {
        predictions,
        readings,
    } = predicted;
    for (slice, probabilities) in predictions.slices.iter().zip(predictions.probabilities) {
        let result = if probabilities.iter().all(|probability| probability.is_finite()) {
            Outcome::Predicted(probabilities)
        } else {
            Outcome::Excluded("the model's output for it is NaN".to_owned())
        };
        set(rows, &slice.id, result);
    }
    let readings = readings.unwrap_or_default();
    for (slice, reading) in readings.slices.iter().zip(readings.readings) {
        if let Some(row) = slice
            .id
            .parse::<usize>()
            .ok()
            .and_then(|number| rows.get_mut(number))
        {
            row.reading = Some(reading);
        }
    }
}

fn row<'a>(rows: &'a [Row], id: &str) -> Option<&'a Row> {
    rows.get(id.parse::<usize>().ok()?)
}

fn set(rows: &mut [Row], id: &str, result: Outcome) {
    if let Some(row) = id.parse::<usize>().ok().and_then(|number| rows.get_mut(number)) {
        row.result = result;
    }
}
