//! Drift for a terminal.

use std::fmt::Write;

use ichflow_api::data::drift::{Drift, Period};

/// The verdict, a table of periods, and what differs.
pub(super) fn of(drift: &Drift) -> String {
    let mut text = format!("{}\n\n", drift.verdict());
    let label = drift.labels.first().map_or("", String::as_str);
    let widest = drift
        .periods
        .iter()
        .map(|period| period.name.chars().count())
        .max();
    let width = widest.unwrap_or(0).max("reference".len());
    let _ = writeln!(
        text,
        "{:width$}  {:>6}  {:>9}  {:>9}  mean {label}",
        "", "exams", "flagged", "excluded"
    );
    for period in std::iter::once(&drift.reference).chain(&drift.periods) {
        let _ = writeln!(
            text,
            "{:width$}  {:>6}  {:>9}  {:>9}  {}",
            period.name,
            period.exams,
            share(period.flagged, period.exams),
            match period.rows {
                0 => "–".to_owned(),
                rows => share(period.excluded, rows),
            },
            period
                .mean_probability
                .first()
                .map_or("–".to_owned(), |mean| format!("{mean:.3}")),
        );
    }
    let names = drift
        .shifts
        .iter()
        .map(|shift| shift.variable.in_words().chars().count());
    let widest = names.max().unwrap_or(0);
    for (number, period) in drift.periods.iter().enumerate() {
        reasons(&mut text, period);
        for shift in drift.shifts.iter().filter(|shift| shift.period == number) {
            let _ = writeln!(
                text,
                "  {} {:<widest$} PSI {:>7.3} (by chance up to {:.3})  {}  adjusted p {:.4}",
                if shift.is_more_than_chance() { "*" } else { " " },
                shift.variable.in_words(),
                shift.stability.index,
                shift.stability.by_chance,
                shift
                    .kolmogorov_smirnov
                    .map_or("        ".to_owned(), |d| format!("KS {d:.3}")),
                shift.adjusted_p,
            );
        }
    }
    for remark in &drift.remarks {
        let _ = writeln!(text, "\n{remark}");
    }
    text
}

fn reasons(text: &mut String, period: &Period) {
    let reasons: Vec<String> = period
        .reasons
        .iter()
        .map(|(reason, exams)| format!("{reason} {exams}"))
        .collect();
    let flagged = match reasons.is_empty() {
        true => "no exam is flagged".to_owned(),
        false => format!("flagged for {}", reasons.join(", ")),
    };
    let _ = writeln!(text, "\n{}: {flagged}", period.name);
}

fn share(part: usize, all: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / all.max(1) as f64)
}
