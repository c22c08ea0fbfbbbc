//! The comparison as one HTML file.

use askama::Template;
use ichflow_api::data::comparison::{Comparison, Ranked, Variant};
use ichflow_api::data::labels::LabelSet;
use ichflow_api::metrics::Interval;
use ichflow_api::prelude::*;
use ichflow_pages::frame::{Assets, Frame};

use super::exams::{self, ExamTable};
use super::pictures;
use crate::render::numbers::{Number, thousands};
use crate::render::plots::{Figure, Ink};

#[derive(Template)]
#[template(path = "compare/page.html")]
struct Page {
    title: String,
    verdict: String,
    baseline: String,
    runs: Vec<Row>,
    has_test: bool,
    others: Vec<(String, String)>,
    settings: Vec<SettingRow>,
    variants: Vec<VariantRow>,
    exams: Option<ExamTable>,
    labels: Vec<String>,
    remarks: Vec<String>,
    scores: Vec<Figure>,
    label_figures: Vec<Figure>,
    training: Vec<Figure>,
}

/// One run in the table.
struct Row {
    /// What it is called, see [`Comparison::called`].
    called: String,
    /// The colour it has in all pictures.
    colour: &'static str,
    name: String,
    title: String,
    seed: String,
    score: Number,
    interval: String,
    versus: String,
    versus_beside: String,
    lower_in: String,
    auc: Option<Number>,
    test: Option<Number>,
    losses: Vec<Option<Number>>,
    time: String,
    /// The device, and slices trained on per second.
    speed: String,
    parameters: String,
}

/// One setting that is not the same everywhere.
struct SettingRow {
    key: String,
    values: Vec<Option<String>>,
}

/// Repeated seeds, put together.
struct VariantRow {
    runs: String,
    count: usize,
    mean: Number,
    spread: Option<Number>,
    low: Number,
    high: Number,
}

/// The whole page.
pub(super) fn html(comparison: &Comparison) -> Result<String> {
    let ranked = &comparison.ranked;
    let mut scores = vec![pictures::scores(comparison)?];
    if ranked.len() > 1 {
        scores.push(pictures::differences(comparison)?);
    }
    let titles_differ = ranked.iter().any(|one| one.run.title != ranked[0].run.title);
    let page = Page {
        title: title(ranked),
        verdict: verdict(comparison),
        baseline: comparison.called(comparison.baseline),
        runs: ranked
            .iter()
            .enumerate()
            .map(|(place, one)| {
                row(
                    comparison.called(place),
                    place,
                    one,
                    &comparison.labels(),
                    titles_differ,
                )
            })
            .collect(),
        has_test: ranked.iter().any(|one| test_of(one).is_some()),
        others: comparison
            .others
            .iter()
            .map(|run| (run.name.clone(), run.stopped.clone().unwrap_or_default()))
            .collect(),
        settings: comparison
            .keys
            .iter()
            .map(|key| SettingRow {
                key: key.clone(),
                values: ranked
                    .iter()
                    .map(|one| one.run.setting(key).map(str::to_owned))
                    .collect(),
            })
            .collect(),
        variants: if comparison.has_repeats() {
            comparison
                .variants
                .iter()
                .map(|one| variant(comparison, one))
                .collect()
        } else {
            Vec::new()
        },
        exams: exams::table(comparison),
        labels: comparison.labels().names().to_vec(),
        remarks: comparison.remarks.clone(),
        scores,
        label_figures: pictures::labels(comparison)?,
        training: vec![pictures::curves(comparison)?, pictures::cost(comparison)?],
    };
    let body = page.render().doing("the page of the comparison cannot be made")?;
    let frame = Frame {
        title: &format!("{} · ichflow", page.title),
        skip: "Skip to the comparison",
        body: &body,
        assets: Assets::Inline {
            styles: &[include_str!("style.css")],
            scripts: &[],
        },
    };
    frame.html().doing("the page of the comparison cannot be made")
}

fn title(ranked: &[Ranked]) -> String {
    match ranked {
        [one] => "One run".to_owned() + if one.run.title.is_empty() { "" } else { ": " } + &one.run.title,
        _ => format!("{} runs compared", ranked.len()),
    }
}

/// What the comparison says, in a sentence or two.
fn verdict(comparison: &Comparison) -> String {
    let Some(best) = comparison.ranked.first() else {
        return String::new();
    };
    let name = |place: usize| match comparison.called(place) {
        run if run.starts_with("run ") => run,
        trial => format!("“{trial}”"),
    };
    let first = match name(0) {
        run if run.starts_with("run ") => "Run 1".to_owned(),
        trial => trial,
    };
    let mut text = format!("{first} has the lowest loss, {:.4}.", best.score);
    // The next best against the best: from its own row, or from the best's if the next is the baseline.
    let next = match comparison.baseline {
        0 => comparison
            .ranked
            .get(1)
            .and_then(|one| Some((one.versus.as_ref()?, name(1)))),
        baseline => best.versus.as_ref().map(|versus| (versus, name(baseline))),
    };
    if let Some((versus, other)) = next {
        text += &match (versus.paired, versus.interval) {
            (_, None) => format!(" There is no interval for its difference from {other}."),
            (paired, Some(Interval { low, high })) => {
                let how = if paired {
                    "on the same resampled patients"
                } else {
                    "unpaired"
                };
                let shown = if low > 0.0 || high < 0.0 {
                    "does not include 0"
                } else {
                    "includes 0: it is not shown to be better"
                };
                format!(" The 95 % interval of the difference between it and {other}, {how}, {shown}.")
            }
        };
    }
    text
}

fn test_of(one: &Ranked) -> Option<f64> {
    let measured = one.run.measured.as_ref()?;
    measured.test.as_ref().map(|test| test.weighted_log_loss)
}

fn row(called: String, place: usize, one: &Ranked, labels: &LabelSet, with_title: bool) -> Row {
    let run = &one.run;
    let valid = run.measured.as_ref().map(|measured| &measured.valid);
    let interval = valid.and_then(|valid| valid.weighted_log_loss_interval);
    Row {
        called,
        colour: Ink::series(place).css(),
        name: run.name.clone(),
        title: if with_title {
            run.title.clone()
        } else {
            String::new()
        },
        seed: run.seed.map_or(String::new(), |seed| seed.to_string()),
        score: Number::metric(one.score),
        interval: interval.map_or(String::new(), |Interval { low, high }| {
            format!("{low:.4} to {high:.4}")
        }),
        versus: one
            .versus
            .as_ref()
            .map_or("–".into(), |versus| format!("{:+.4}", versus.difference)),
        versus_beside: one.versus.as_ref().map_or(String::new(), |versus| {
            let unpaired = if versus.paired { "" } else { ", unpaired" };
            match versus.interval {
                Some(Interval { low, high }) => format!("{low:+.4} to {high:+.4}{unpaired}"),
                None => unpaired.trim_start_matches(", ").into(),
            }
        }),
        lower_in: one
            .versus
            .as_ref()
            .and_then(|versus| versus.lower_in)
            .map_or(String::new(), |share| format!("{:.0} %", 100.0 * share)),
        auc: valid.and_then(|valid| valid.auc_any()).map(Number::metric),
        test: test_of(one).map(Number::metric),
        losses: labels
            .names()
            .iter()
            .map(|label| Some(Number::metric(valid?.label(label)?.log_loss)))
            .collect(),
        time: run.time_in_words(),
        speed: run
            .device
            .iter()
            .cloned()
            .chain(
                run.slices_per_second()
                    .map(|rate| format!("{rate:.0}\u{a0}slices/s")),
            )
            .collect::<Vec<_>>()
            .join(", "),
        parameters: run
            .parameters
            .map_or("–".into(), |count| thousands(count as usize)),
    }
}

fn variant(comparison: &Comparison, variant: &Variant) -> VariantRow {
    let runs: Vec<String> = variant
        .runs
        .iter()
        .map(|place| comparison.called(*place))
        .collect();
    VariantRow {
        runs: runs.join("; "),
        count: variant.runs.len(),
        mean: Number::metric(variant.mean),
        spread: variant.standard_deviation.map(Number::metric),
        low: Number::metric(variant.low),
        high: Number::metric(variant.high),
    }
}

ichflow_api::register_comparison_page!(html);
