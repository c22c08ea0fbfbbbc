//! Drift as one HTML file.

use std::collections::BTreeSet;

use askama::Template;
use ichflow_api::data::drift::{Drift, Period, Shift};
use ichflow_api::data::profile::HeaderField;
use ichflow_api::metrics::{Confidence, Proportion};
use ichflow_api::prelude::*;
use ichflow_pages::frame::{Assets, Frame};

use super::pictures::{capital, distributions};
use crate::render::numbers::{Number, per_cent, thousands};
use crate::render::plots::{Figure, Ink};

/// Values of a header field that have a row of their own.
const MOST_VALUES: usize = 12;

#[derive(Template)]
#[template(path = "drift/page.html")]
struct Page {
    title: String,
    verdict: String,
    found: bool,
    labels: Vec<String>,
    periods: Vec<PeriodRow>,
    reasons: Vec<(String, Vec<String>)>,
    shifts: Vec<ShiftGroup>,
    tests: usize,
    figures: Vec<Figure>,
    headers: Vec<HeaderTable>,
    remarks: Vec<String>,
}

/// One period in the table.
struct PeriodRow {
    name: String,
    colour: &'static str,
    exams: String,
    flagged: Number,
    flagged_interval: String,
    excluded: String,
    means: Vec<Number>,
}

/// The tests of one variable, a row a period.
struct ShiftGroup {
    variable: String,
    rows: Vec<ShiftRow>,
}

struct ShiftRow {
    period: String,
    colour: &'static str,
    index: Number,
    by_chance: String,
    distance: Option<Number>,
    p_value: String,
    adjusted: String,
    differs: bool,
}

/// A header field: its values, and the share of exams with each in reference and periods.
struct HeaderTable {
    caption: String,
    columns: Vec<String>,
    rows: Vec<(String, bool, Vec<String>)>,
}

/// The whole page.
fn html(drift: &Drift) -> Result<String> {
    let all = || std::iter::once(&drift.reference).chain(&drift.periods);
    let page = Page {
        title: match drift.model.trim() {
            "" => "Drift".into(),
            model => format!("Drift: {model}"),
        },
        verdict: drift.verdict(),
        found: !drift.found().is_empty(),
        labels: drift.labels.clone(),
        periods: all()
            .enumerate()
            .map(|(place, period)| period_row(period, colour(place)))
            .collect::<Result<_>>()?,
        reasons: reasons(drift),
        shifts: shifts(drift),
        tests: drift.shifts.len(),
        figures: distributions(drift)?,
        headers: HeaderField::ALL
            .iter()
            .map(|field| headers(drift, *field))
            .collect(),
        remarks: drift.remarks.clone(),
    };
    let body = page.render().doing("the page of drift cannot be made")?;
    let frame = Frame {
        title: &format!("{} · ichflow", page.title),
        skip: "Skip to the comparison",
        body: &body,
        assets: Assets::Inline {
            styles: &[include_str!("style.css")],
            scripts: &[],
        },
    };
    frame.html().doing("the page of drift cannot be made")
}

/// The colour of a period in all pictures; the first place is the reference's.
fn colour(place: usize) -> &'static str {
    match place {
        0 => Ink::Reference.css(),
        place => Ink::series(place - 1).css(),
    }
}

fn period_row(period: &Period, colour: &'static str) -> Result<PeriodRow> {
    let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
    let interval = Proportion::new(period.flagged, period.exams)
        .map(|flagged| flagged.wilson(Confidence::PERCENT_95))
        .doing("the share of flagged exams has no interval")?;
    Ok(PeriodRow {
        name: period.name.clone(),
        colour,
        exams: thousands(period.exams),
        flagged: Number {
            shown: format!(
                "{} ({})",
                period.flagged,
                per_cent(share(period.flagged, period.exams))
            ),
            ..Number::metric(share(period.flagged, period.exams))
        },
        flagged_interval: format!("{} to {}", per_cent(interval.low), per_cent(interval.high)),
        excluded: match period.rows {
            0 => "–".into(),
            rows => format!(
                "{} of {} ({})",
                period.excluded,
                thousands(rows),
                per_cent(share(period.excluded, rows))
            ),
        },
        means: period
            .mean_probability
            .iter()
            .map(|mean| Number::metric(*mean))
            .collect(),
    })
}

/// For each reason the exams of every period that are flagged for it.
fn reasons(drift: &Drift) -> Vec<(String, Vec<String>)> {
    let measured = [
        (
            "features",
            "features further away than 99 of 100 validation exams'".to_owned(),
        ),
        (
            "hu",
            "histogram of HU further away than 99 of 100 validation exams'".to_owned(),
        ),
    ];
    let of_headers = HeaderField::ALL.map(|field| {
        let said = format!("a value never seen in training: {}", field.in_words());
        (field.name(), said)
    });
    let count = |period: &Period, name: &str| {
        let exams = period.reasons.get(name).copied().unwrap_or(0);
        format!("{exams} of {}", period.exams)
    };
    measured
        .into_iter()
        .chain(of_headers)
        .map(|(name, said)| {
            (
                said,
                drift.periods.iter().map(|period| count(period, name)).collect(),
            )
        })
        .collect()
}

fn shifts(drift: &Drift) -> Vec<ShiftGroup> {
    let mut groups: Vec<ShiftGroup> = Vec::new();
    for shift in &drift.shifts {
        let variable = capital(&shift.variable.in_words());
        let row = shift_row(drift, shift);
        match groups.iter_mut().find(|group| group.variable == variable) {
            Some(group) => group.rows.push(row),
            None => groups.push(ShiftGroup {
                variable,
                rows: vec![row],
            }),
        }
    }
    groups
}

fn shift_row(drift: &Drift, shift: &Shift) -> ShiftRow {
    ShiftRow {
        period: drift
            .periods
            .get(shift.period)
            .map_or_else(String::new, |period| period.name.clone()),
        colour: colour(shift.period + 1),
        index: Number {
            shown: format!("{:.3}", shift.stability.index),
            ..Number::metric(shift.stability.index)
        },
        by_chance: format!("{:.3}", shift.stability.by_chance),
        distance: shift.kolmogorov_smirnov.map(|distance| Number {
            shown: format!("{distance:.3}"),
            ..Number::metric(distance)
        }),
        p_value: p_value(shift.p_value),
        adjusted: p_value(shift.adjusted_p),
        differs: shift.is_more_than_chance(),
    }
}

fn p_value(p: f64) -> String {
    match p {
        p if p < 0.0001 => "< 0.0001".into(),
        p => format!("{p:.4}"),
    }
}

fn headers(drift: &Drift, field: HeaderField) -> HeaderTable {
    let none = Default::default();
    let periods: Vec<_> = std::iter::once(&drift.reference)
        .chain(&drift.periods)
        .map(|period| period.headers.get(&field).unwrap_or(&none))
        .collect();
    let values: BTreeSet<&String> = periods.iter().flat_map(|counts| counts.keys()).collect();
    let most = |value: &&&String| {
        periods
            .iter()
            .map(|counts| counts.get(**value).copied().unwrap_or(0))
            .max()
    };
    let mut values: Vec<&String> = values.into_iter().collect();
    values.sort_by_key(|value| std::cmp::Reverse(most(&value)));
    let left = values.split_off(values.len().min(MOST_VALUES));
    let share = |exams: usize, all: usize| match (exams, all) {
        (0, _) => "–".to_owned(),
        (exams, all) => per_cent(exams as f64 / all.max(1) as f64),
    };
    let row = |name: String, of: &[&String]| {
        let count = |counts: &std::collections::BTreeMap<String, usize>| {
            of.iter()
                .map(|value| counts.get(*value).copied().unwrap_or(0))
                .sum::<usize>()
        };
        let cells = periods
            .iter()
            .map(|counts| share(count(counts), counts.values().sum()));
        let is_new = count(periods[0]) == 0;
        (name, is_new, cells.collect())
    };
    let mut rows: Vec<(String, bool, Vec<String>)> = values
        .iter()
        .map(|value| row((*value).clone(), &[*value]))
        .collect();
    if !left.is_empty() {
        rows.push(row(format!("{} other values", left.len()), &left));
    }
    let names = drift.periods.iter().map(|period| period.name.clone());
    HeaderTable {
        caption: capital(field.in_words()),
        columns: std::iter::once("training".to_owned()).chain(names).collect(),
        rows,
    }
}

ichflow_api::register_drift_page!(html);

#[cfg(test)]
mod tests {
    use ichflow_api::data::drift::Variable;
    use ichflow_api::data::profile::Limits;
    use ichflow_api::metrics::StabilityTest;

    use super::*;

    fn period(name: &str, kernel: &str) -> Period {
        Period {
            name: name.into(),
            exams: 2,
            rows: 9,
            excluded: 1,
            flagged: 1,
            reasons: [("kernel".to_owned(), 1)].into(),
            mean_probability: vec![0.25],
            probabilities: vec![vec![0.1, 0.4]],
            distances: vec![3.0, 4.0],
            hu_indices: vec![0.1, 0.2],
            headers: [(HeaderField::Kernel, [(kernel.to_owned(), 2)].into())].into(),
        }
    }

    #[test]
    fn the_page_says_what_differs_and_escapes_what_headers_say() {
        let shift = |variable, p: f64| Shift {
            period: 0,
            variable,
            stability: StabilityTest {
                index: 0.125,
                by_chance: 0.25,
                p_value: p,
            },
            kolmogorov_smirnov: Some(0.5),
            p_value: p,
            adjusted_p: p,
        };
        let drift = Drift {
            model: "A model".into(),
            labels: vec!["any".into()],
            limits: Limits {
                distance: 5.0,
                hu_index: 0.5,
            },
            reference: period("reference", "H30s"),
            periods: vec![period("june", "<b>SOFT")],
            shifts: vec![
                shift(Variable::Probability(0, "any".into()), 0.5),
                shift(Variable::Distance, 0.00001),
            ],
            remarks: vec!["The period june has 2 exams.".into()],
        };
        let page = html(&drift).unwrap();
        for said in [
            "1 of 2 tests differ from the reference by more than chance: june in distance of features.",
            "&#60;b&#62;SOFT",
            "0.125",
            "&#60; 0.0001",
            "1 of 2",
            "The period june has 2 exams.",
            "Exams beyond 5.000 are flagged.",
        ] {
            assert!(page.contains(said), "{said} is not in\n{page}");
        }
        assert!(
            !page.contains("http://") || page.contains("http://www.w3.org/2000/svg"),
            "{page}"
        );
        assert!(!page.contains("<script"), "no script");
    }
}
