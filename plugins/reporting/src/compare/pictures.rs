//! The pictures of a comparison.

use ichflow_api::data::comparison::{Comparison, Ranked};
use ichflow_api::error::Result;

use crate::render::plots::{self, Cloud, Dot, Figure, Ink, Line};

/// The loss of the prevalence baseline, if it is the same for all runs.
pub(crate) fn prevalence_baseline(comparison: &Comparison) -> Option<f64> {
    let mut all = comparison.ranked.iter().filter_map(|one| {
        one.run
            .measured
            .as_ref()
            .map(|measured| measured.valid.prevalence_log_loss)
    });
    let first = all.next()?;
    all.all(|other| (other - first).abs() < 1e-9).then_some(first)
}

/// A loss this many times the median one is off the scale of the others.
const FAR: f64 = 3.0;

/// The runs that are drawn, with their places: one whose training went astray would press all others into
/// one line.
fn drawn(comparison: &Comparison) -> impl DoubleEndedIterator<Item = (usize, &Ranked)> {
    let median = comparison.ranked[comparison.ranked.len() / 2].score;
    comparison
        .ranked
        .iter()
        .enumerate()
        .filter(move |(_, one)| one.score <= FAR * median)
}

/// Says which runs are not drawn.
fn left_out(comparison: &Comparison) -> String {
    let first = drawn(comparison).count() + 1;
    let last = comparison.ranked.len();
    match last + 1 - first {
        0 => String::new(),
        1 => format!(" Run {last} is left out: it is far off the others."),
        _ => format!(" Runs {first} to {last} are left out: they are far off the others."),
    }
}

/// Scores with their intervals, best on top.
pub(crate) fn scores(comparison: &Comparison) -> Result<Figure> {
    let dots: Vec<Dot> = drawn(comparison)
        .map(|(place, one)| Dot {
            name: comparison.called_in_pictures(place),
            value: one.score,
            interval: one
                .run
                .measured
                .as_ref()
                .and_then(|measured| measured.valid.weighted_log_loss_interval)
                .map(|interval| (interval.low, interval.high)),
            ink: Ink::series(place),
        })
        .collect();
    let dashed = match prevalence_baseline(comparison) {
        Some(_) => " The dashed line is the prevalence baseline.",
        None => "",
    };
    plots::dots(
        "Score of every run",
        format!(
            "Weighted log loss of the validation slices with its 95 % interval over patients; lower is better.{dashed}{}",
            left_out(comparison)
        ),
        "weighted log loss",
        &dots,
        prevalence_baseline(comparison),
        560,
    )
}

/// Differences from the baseline with their intervals.
pub(crate) fn differences(comparison: &Comparison) -> Result<Figure> {
    let dots: Vec<Dot> = drawn(comparison)
        .filter_map(|(place, one)| {
            let versus = one.versus.as_ref()?;
            Some(Dot {
                name: format!(
                    "{}{}",
                    comparison.called_in_pictures(place),
                    if versus.paired { "" } else { ", unpaired" }
                ),
                value: versus.difference,
                interval: versus.interval.map(|interval| (interval.low, interval.high)),
                ink: Ink::series(place),
            })
        })
        .collect();
    let baseline = comparison.called_in_pictures(comparison.baseline);
    plots::dots(
        &format!("Difference from {baseline}"),
        format!(
            "Each run's weighted log loss minus that of {baseline}, with its 95 % interval; left of the dashed \
             line is better. An interval that includes 0 shows no difference."
        ),
        &format!("Δ vs {baseline}"),
        &dots,
        Some(0.0),
        560,
    )
}

/// The loss of each label, a small picture each.
pub(crate) fn labels(comparison: &Comparison) -> Result<Vec<Figure>> {
    comparison
        .labels()
        .names()
        .iter()
        .map(|label| {
            let dots: Vec<Dot> = drawn(comparison)
                .filter_map(|(place, one)| {
                    let measured = one.run.measured.as_ref()?.valid.label(label)?;
                    Some(Dot {
                        name: comparison.called_in_pictures(place),
                        value: measured.log_loss,
                        interval: None,
                        ink: Ink::series(place),
                    })
                })
                .collect();
            plots::dots(
                &format!("Log loss, {label}"),
                "By run, best score on top; lower is better.".into(),
                "log loss",
                &dots,
                None,
                320,
            )
        })
        .collect()
}

/// Validation loss by epoch, all runs on one pair of axes; the best lie on top.
pub(crate) fn curves(comparison: &Comparison) -> Result<Figure> {
    let mut lines: Vec<Line> = drawn(comparison)
        .filter(|(_, one)| !one.run.epochs.is_empty())
        .map(|(place, one)| Line {
            name: comparison.called_in_pictures(place),
            points: one
                .run
                .epochs
                .iter()
                .filter(|epoch| epoch.valid_loss.is_finite())
                .map(|epoch| (epoch.epoch as f64, epoch.valid_loss))
                .collect(),
            ink: Ink::series(place),
        })
        .collect();
    lines.reverse();
    plots::lines(
        "Validation loss by epoch",
        format!(
            "Weighted log loss of the validation slices after every epoch.{}",
            left_out(comparison)
        ),
        ("epoch", "weighted log loss"),
        &lines,
        prevalence_baseline(comparison),
        (560, 340),
    )
}

/// What a score costs: time against loss.
pub(crate) fn cost(comparison: &Comparison) -> Result<Figure> {
    let longest = comparison
        .ranked
        .iter()
        .filter_map(|one| one.run.seconds)
        .fold(0.0, f64::max);
    let (unit, seconds) = match longest {
        longest if longest > 7200.0 => ("hours", 3600.0),
        longest if longest > 300.0 => ("minutes", 60.0),
        _ => ("seconds", 1.0),
    };
    let clouds: Vec<Cloud> = drawn(comparison)
        .rev()
        .filter_map(|(place, one)| {
            Some(Cloud {
                name: comparison.called_in_pictures(place),
                points: vec![(one.run.seconds? / seconds, one.score)],
                ink: Ink::series(place),
                size: 7,
            })
        })
        .collect();
    plots::scatter(
        "Score against time",
        format!(
            "One point per run: the further down, the better; the further left, the cheaper.{}",
            left_out(comparison)
        ),
        (&format!("time of the whole run, {unit}"), "weighted log loss"),
        &clouds,
        (560, 340),
    )
}
