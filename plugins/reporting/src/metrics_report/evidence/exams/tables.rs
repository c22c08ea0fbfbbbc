//! Tables of exams.

use std::collections::BTreeSet;

use ichflow_api::data::measures::{LabelStatistics, Measure, Method, PointStatistics};

use super::super::super::table::{Cell, Table, heads};
use super::Judged;

/// The names of all methods behind some numbers: "DeLong; bootstrap over patients".
fn methods<'a>(measures: impl Iterator<Item = &'a Option<Measure>>) -> String {
    let found: BTreeSet<&'static str> = measures
        .flatten()
        .filter_map(|measure| measure.method.map(Method::in_words))
        .collect();
    match found.is_empty() {
        true => "without intervals".into(),
        false => {
            let names: Vec<&str> = found.into_iter().collect();
            format!("95 % intervals: {}", names.join("; "))
        }
    }
}

fn cell(measure: Option<Measure>) -> Cell {
    Cell::with_interval(
        measure.map(|measure| measure.value),
        measure.and_then(|measure| measure.interval),
    )
}

fn rate(measure: Measure) -> Cell {
    Cell::rate(measure.value, measure.interval)
}

/// Whether the model puts positive exams above negative ones.
pub(super) fn discrimination(part: &Judged<'_>) -> Table {
    let statistics = &part.measured.statistics;
    let partial = |label: &LabelStatistics| label.partial_auroc.map(|area| area.standardised);
    let measured: Vec<Option<Measure>> = statistics
        .iter()
        .flat_map(|label| [label.auroc, partial(label)])
        .collect();
    let max_fpr = statistics
        .iter()
        .find_map(|label| label.partial_auroc)
        .map_or(String::new(), |area| {
            format!(", up to a false positive rate of {}", area.max_fpr)
        });
    let losses = &part.measured.labels;
    Table {
        caption: format!(
            "{}: whether positive ones are above negative ones. The partial AUROC is McClish's standardised one{max_fpr}; 0.5 \
             is chance in either. {}.",
            part.title(),
            methods(measured.iter())
        ),
        columns: heads(&[
            "known",
            "positive",
            "AUROC",
            "partial AUROC",
            "average precision",
            "log loss",
        ]),
        rows: statistics
            .iter()
            .zip(losses)
            .zip(&part.measured.label_intervals)
            .map(|((label, whole), interval)| {
                let cells = vec![
                    Cell::count(label.cases),
                    Cell::count(label.positives),
                    cell(label.auroc),
                    cell(partial(label)),
                    Cell::with_interval(whole.average_precision, interval.average_precision),
                    Cell::with_interval(Some(whole.log_loss), interval.log_loss),
                ];
                (label.label.clone(), cells)
            })
            .collect(),
    }
}

/// Whether probabilities are frequencies.
pub(super) fn calibration(part: &Judged<'_>) -> Table {
    let statistics = &part.measured.statistics;
    let row = |label: &LabelStatistics| {
        let found = label.calibration.as_ref();
        let errors = found.and_then(|found| found.errors);
        let cells = vec![
            cell(found.and_then(|found| found.in_the_large)),
            cell(found.and_then(|found| found.intercept)),
            cell(found.and_then(|found| found.slope)),
            Cell::with_interval(
                errors.map(|errors| errors.ici),
                found.and_then(|found| found.ici_interval),
            ),
            Cell::maybe(errors.map(|errors| errors.e90)),
            Cell::maybe(errors.map(|errors| errors.e_max)),
        ];
        (label.label.clone(), cells)
    };
    Table {
        caption: format!(
            "{}: whether probabilities are frequencies. In the large: above 0 they are too low on the whole. Slope: below 1 they \
             are too extreme. Calibration index: the mean distance from the calibration curve, then its 90th percentile and \
             the largest. 95 % intervals hold for several exams a patient.",
            part.title()
        ),
        columns: heads(&[
            "in the large",
            "intercept",
            "slope",
            "calibration index",
            "90th percentile",
            "largest",
        ]),
        rows: statistics.iter().map(row).collect(),
    }
}

/// Sensitivity and what belongs to it at each threshold.
pub(super) fn points(part: &Judged<'_>, chosen_for: Option<&str>) -> Table {
    let statistics = &part.measured.statistics;
    let of = |point: &PointStatistics| {
        [
            point.sensitivity,
            point.specificity,
            point.ppv,
            point.npv,
            point.positive_likelihood_ratio,
            point.negative_likelihood_ratio,
        ]
    };
    let all: Vec<Option<Measure>> = statistics
        .iter()
        .flat_map(|label| label.operating_points.iter().flat_map(of))
        .collect();
    let rows = statistics.iter().flat_map(|label| {
        label.operating_points.iter().map(move |point| {
            let name = match point.chosen {
                true => format!("{}, chosen", label.label),
                false => label.label.clone(),
            };
            let threshold = Cell::maybe(Some(point.threshold));
            (
                name,
                std::iter::once(threshold).chain(of(point).map(cell)).collect(),
            )
        })
    });
    let chosen = chosen_for.map_or(String::new(), |target| {
        format!(
            " Chosen thresholds are for {target}; validation exams are called by thresholds that were chosen without their \
             patient."
        )
    });
    Table {
        caption: format!(
            "{}, called positive at or above a threshold. PPV and NPV are at the prevalence of these exams, which is that of no \
             hospital.{chosen} {}.",
            part.title(),
            methods(all.iter())
        ),
        columns: heads(&[
            "threshold",
            "sensitivity",
            "specificity",
            "PPV",
            "NPV",
            "LR+",
            "LR−",
        ]),
        rows: rows.collect(),
    }
}

/// What the label that stands for all means for a day's work, at assumed prevalences.
pub(super) fn at_prevalence(part: &Judged<'_>) -> Option<Table> {
    let found = part.headline()?;
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for point in &found.operating_points {
        for at in &point.at_prevalence {
            let measures = [
                at.ppv,
                at.npv,
                Some(at.alarms_a_day),
                Some(at.false_positives_a_day),
                Some(at.missed_a_day),
            ];
            let chosen = if point.chosen {
                "chosen threshold"
            } else {
                "threshold"
            };
            rows.push((
                format!(
                    "{:.3} % positive, {chosen} {:.3}",
                    100.0 * at.prevalence,
                    point.threshold
                )
                .replace(".000 %", " %"),
                vec![
                    cell(at.ppv),
                    cell(at.npv),
                    rate(at.alarms_a_day),
                    rate(at.false_positives_a_day),
                    rate(at.missed_a_day),
                ],
            ));
            all.extend(measures);
        }
    }
    let exams = found
        .operating_points
        .iter()
        .flat_map(|point| &point.at_prevalence)
        .map(|at| at.exams_a_day)
        .next()?;
    Some(Table {
        caption: format!(
            "Assumed, not measured: a hospital with {exams} exams a day, of which so many are positive for {}. What calls would \
             be worth there, if sensitivity and specificity are as on these {}. {}.",
            found.label,
            part.title().to_lowercase(),
            methods(all.iter())
        ),
        columns: heads(&[
            "PPV",
            "NPV",
            "alarms a day",
            "false positives a day",
            "missed a day",
        ]),
        rows,
    })
}
