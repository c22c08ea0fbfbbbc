//! Along the series: what two models say of each slice of some series, beside the truth and the slices.

use std::collections::HashMap;

use ichflow_api::data::identity::{SeriesOrder, Subject, volumes_of};
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::HostBatch;

use crate::render::look::Look;
use crate::render::plots::{self, Figure, Ink, Line};
use crate::render::png::picture;
use crate::render::privacy::Privacy;

/// Slices pictured of a series, at most.
const PICTURED: usize = 12;

/// One series.
pub(crate) struct AlongSeries {
    /// Whose it is, and why it is shown.
    pub title: String,
    /// Probabilities and truth of one label, slice by slice.
    pub figure: Figure,
    /// Some of its slices, in order.
    pub slices: Vec<AlongSlice>,
}

/// A slice of it.
pub(crate) struct AlongSlice {
    /// The picture as a data URI; none where the pixels cannot be read.
    pub picture: Option<String>,
    /// Its number, and what is true of it.
    pub caption: String,
}

/// A series of the validation slices: its rows, and the label that is shown.
struct Choice {
    rows: Vec<usize>,
    label: usize,
    /// Mean log loss of the label by the model minus that by the baseline.
    difference: f64,
}

/// The series on which the model gains most on the baseline and those on which it loses most, `count` together.
pub(crate) fn series(
    valid: &Predictions,
    baseline: &Predictions,
    count: usize,
    pixels: &Pixels,
    look: &Look<'_>,
    privacy: &Privacy,
    context: &Context,
) -> Result<Vec<AlongSeries>> {
    let places: HashMap<&str, usize> = baseline
        .slices
        .iter()
        .enumerate()
        .map(|(place, slice)| (slice.id.as_str(), place))
        .collect();
    let other = |row: usize| -> Option<&Vec<f64>> {
        let place = places.get(valid.slices[row].id.as_str())?;
        baseline.probabilities.get(*place)
    };
    let cohort = Cohort {
        labels: valid.labels.clone(),
        level: valid.level,
        slices: valid.slices.clone(),
        remarks: Vec::new(),
    };
    let order = SeriesOrder::of(&cohort.slices);
    let mut shown = Vec::new();
    for choice in choose(valid, &other, count) {
        context.checkpoint()?;
        let Choice {
            rows,
            label,
            difference,
        } = choice;
        let name = valid.labels.name(label);
        let first = &valid.slices[rows[0]];
        let patient = privacy.patient(Subject::of(first).name());
        let verdict = if difference < 0.0 { "lower" } else { "higher" };
        let title = format!("Patient {patient}: {name}");
        let by = |of: &dyn Fn(usize) -> Option<f64>| -> Vec<(f64, f64)> {
            let points = rows.iter().enumerate();
            points
                .filter_map(|(number, row)| Some((number as f64 + 1.0, of(*row)?)))
                .collect()
        };
        let truth = |row: usize| valid.slices[row].labels.as_ref()?.value(label).map(f64::from);
        let lines = [
            Line {
                name: "truth".into(),
                points: by(&truth),
                ink: Ink::Reference,
            },
            Line {
                name: "baseline".into(),
                points: by(&|row| other(row).map(|of_row| of_row[label])),
                ink: Ink::Second,
            },
            Line {
                name: "model".into(),
                points: by(&|row| Some(valid.probabilities[row][label])),
                ink: Ink::First,
            },
        ];
        let description = format!(
            "{} slices; the model's log loss of {name} is {:.3} {verdict} than the baseline's.",
            rows.len(),
            difference.abs()
        );
        let figure = plots::lines(
            &title,
            description,
            ("slice along the series", "probability"),
            &lines,
            None,
            (440, 240),
        )?;
        let step = rows.len().div_ceil(PICTURED).max(1);
        let mut slices = Vec::new();
        for (number, row) in rows.iter().enumerate().step_by(step) {
            let host = HostBatch::read_one(pixels, &cohort, &order, *row, &look.offsets());
            let image =
                host.and_then(|host| picture(look.images(&host.upload(&cohort, &context.device())), 96));
            let caption = match truth(*row) {
                Some(value) if value >= 0.5 => format!("{} ●", number + 1),
                Some(_) => format!("{} ○", number + 1),
                None => (number + 1).to_string(),
            };
            slices.push(AlongSlice {
                // One unreadable slice must not cost the report.
                picture: image.ok(),
                caption,
            });
        }
        shown.push(AlongSeries {
            title,
            figure,
            slices,
        });
    }
    Ok(shown)
}

fn choose<'a>(
    valid: &Predictions,
    other: &impl Fn(usize) -> Option<&'a Vec<f64>>,
    count: usize,
) -> Vec<Choice> {
    let loss = |probability: f64, truth: bool| {
        let of_truth = if truth { probability } else { 1.0 - probability };
        -of_truth.max(1e-7).ln()
    };
    let difference = |rows: &[usize], label: usize| -> Option<f64> {
        let of_row = |row: &usize| {
            let truth = valid.slices[*row].labels.as_ref()?.positive(label)?;
            Some(loss(valid.probabilities[*row][label], truth) - loss(*other(*row)?.get(label)?, truth))
        };
        let all: Vec<f64> = rows.iter().filter_map(of_row).collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    };
    let mut all: Vec<Choice> = volumes_of(&valid.slices)
        .into_iter()
        .filter(|rows| rows.len() > 1)
        .filter_map(|rows| {
            let labels = 0..valid.labels.len();
            let found = labels.filter_map(|label| Some((label, difference(&rows, label)?)));
            let (label, difference) = found.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
            Some(Choice {
                rows,
                label,
                difference,
            })
        })
        .collect();
    all.sort_by(|a, b| a.difference.total_cmp(&b.difference));
    let best = count.div_ceil(2).min(all.len());
    let worst = (count - best.min(count)).min(all.len() - best);
    let last = all.split_off(all.len() - worst);
    all.truncate(best);
    all.extend(last.into_iter().rev());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    #[test]
    fn the_greatest_gain_and_the_greatest_loss_are_shown() {
        let slice = |(number, patient): (usize, &str)| Slice {
            position_mm: Some(number as f64),
            ..testkit::slice(&format!("{patient}{number}"), patient, Some(Labels::negative(6)))
        };
        let patients = ["a", "b", "c"];
        let slices: Vec<Slice> = patients
            .iter()
            .flat_map(|patient| (0..3).map(|number| slice((number, patient))))
            .collect();
        let rows =
            |of: [f64; 3]| -> Vec<Vec<f64>> { of.iter().flat_map(|p| (0..3).map(|_| vec![*p; 6])).collect() };
        let valid = Predictions {
            slices,
            probabilities: rows([0.1, 0.5, 0.9]),
            ..Predictions::default()
        };
        let baseline = rows([0.6, 0.5, 0.2]);
        let found = choose(&valid, &|row| baseline.get(row), 2);
        let firsts: Vec<usize> = found.iter().map(|choice| choice.rows[0]).collect();
        assert_eq!(firsts, [0, 6]);
        assert!(found[0].difference < 0.0 && found[1].difference > 0.0);
        assert_eq!(choose(&valid, &|row| baseline.get(row), 9).len(), 3);
    }
}
