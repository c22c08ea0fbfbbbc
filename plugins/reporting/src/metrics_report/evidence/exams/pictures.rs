//! Pictures of exams, of the label that stands for all.

use ichflow_api::data::measures::{DecisionCurve, LabelStatistics};
use ichflow_api::prelude::*;

use super::Judged;
use crate::render::numbers::per_cent;
use crate::render::plots::{self, Figure, Ink, Line};

const SIZE: (u32, u32) = (420, 300);

/// Net benefit among these exams, and at each stated prevalence.
pub(super) fn decision_curves(part: &Judged<'_>) -> Result<Vec<Figure>> {
    let Some(found) = part.headline() else {
        return Ok(Vec::new());
    };
    let curves = found.decision_curves.iter();
    curves.map(|curve| decision_curve(part, found, curve)).collect()
}

fn decision_curve(part: &Judged<'_>, found: &LabelStatistics, curve: &DecisionCurve) -> Result<Figure> {
    let own = found.positives as f64 / found.cases.max(1) as f64;
    let (share, whose) = match curve.prevalence {
        Some(prevalence) => (prevalence, "assumed"),
        None => (own, "as among these"),
    };
    // What lies far below doing nothing would press the rest into one line.
    let floor = -0.25 * share;
    let line = |name: &str, ink, of: &dyn Fn(usize) -> f64| Line {
        name: name.into(),
        points: (0..curve.points.len())
            .map(|place| (curve.points[place].threshold, of(place)))
            .filter(|(_, benefit)| *benefit >= floor)
            .collect(),
        ink,
    };
    let lines = [
        line("acting on none", Ink::Reference, &|_| 0.0),
        line("acting on every exam", Ink::Second, &|place| {
            curve.points[place].treat_all
        }),
        line("acting on the model", Ink::First, &|place| {
            curve.points[place].model
        }),
    ];
    let better: Vec<f64> = curve
        .points
        .iter()
        .filter(|point| point.gain() > 0.0)
        .map(|point| point.threshold)
        .collect();
    let said = match (better.first(), better.last()) {
        (Some(first), Some(last)) => {
            format!("The model is the best of the three from {first} to {last}, where not beaten in between.")
        }
        _ => "The model is nowhere better than acting on every exam or on none.".into(),
    };
    let figure = plots::curves(
        &format!(
            "Decision curve, {}, {}: {} positive, {whose}",
            found.label,
            part.title().to_lowercase(),
            per_cent(share)
        ),
        format!("Net benefit in true positives an exam, by the probability from which one acts. {said}"),
        ("threshold probability", "net benefit"),
        &lines,
        SIZE,
    )?;
    figure.with_data(
        &["threshold", "model", "every exam"],
        curve.points.iter().map(|point| {
            [point.threshold, point.model, point.treat_all]
                .map(|number| number.to_string())
                .to_vec()
        }),
    )
}

/// Observed frequency over predicted probability.
pub(super) fn calibration(parts: &[Judged<'_>]) -> Result<Option<Figure>> {
    let mut lines = vec![Line {
        name: "perfect".into(),
        points: vec![(0.0, 0.0), (1.0, 1.0)],
        ink: Ink::Reference,
    }];
    let mut said = Vec::new();
    let mut label = "";
    for (part, (ink, colour)) in parts.iter().zip([(Ink::First, "blue"), (Ink::Second, "orange")]) {
        let Some(found) = part.headline() else {
            continue;
        };
        let Some(calibration) = &found.calibration else {
            continue;
        };
        if calibration.curve.is_empty() {
            continue;
        }
        label = &found.label;
        said.push(format!("{} in {colour}", part.title()));
        lines.push(Line {
            name: part.title(),
            points: calibration
                .curve
                .iter()
                .map(|point| (point[0], point[1]))
                .collect(),
            ink,
        });
    }
    if said.is_empty() {
        return Ok(None);
    }
    plots::curves(
        &format!("Calibration curve, {label}"),
        format!(
            "Observed frequency along a spline of the predicted probability; the grey line is perfect. {}.",
            said.join(", ")
        ),
        ("predicted probability", "observed frequency"),
        &lines,
        SIZE,
    )
    .map(Some)
}
