//! The scores: headlines, and the tables of every metric.

use ichflow_api::data::labels::Level;
use ichflow_api::data::labels::rsna::STAGE_2_PREVALENCE_LOG_LOSS;
use ichflow_api::data::measures::{LabelStatistics, Measure, Metrics, PartMetrics};
use ichflow_api::metrics::Interval;

use super::table::{Cell, Table, heads};
use super::tables;
use crate::render::numbers::{Number, counted};

/// One number at the top of the page.
pub(crate) struct Headline {
    /// What it is.
    pub what: String,
    /// The number; `None` where it is undefined.
    pub value: Option<Number>,
    /// What to hold it against.
    pub beside: String,
}

/// What the validation score means, in a sentence.
pub(crate) struct Verdict {
    /// The sentence.
    pub text: String,
    /// `good`, `bad` or `open`; the style sheet gives each a mark.
    pub kind: &'static str,
}

/// All metrics of one part.
pub(crate) struct PartScores {
    /// "Validation slices", "Test slices".
    pub title: String,
    /// Metrics of the part as a whole.
    pub whole: Vec<(String, Number, String)>,
    /// Metrics label by label.
    pub labels: Table,
    /// What plugins measure beside.
    pub more: Option<Table>,
    /// Operating points.
    pub decisions: Vec<Table>,
    /// Why numbers are missing.
    pub notes: Vec<String>,
}

fn interval(interval: Option<Interval>) -> String {
    interval.map_or("no interval".into(), |interval| format!("95 % {interval}"))
}

pub(crate) fn headlines(metrics: &Metrics) -> Vec<Headline> {
    let of = |part: &PartMetrics, name: &str| {
        let any_note = || format!("undefined: all {} are of one class", metrics.unit.plural());
        vec![
            Headline {
                what: format!("weighted log loss, {name}"),
                value: Some(Number::metric(part.weighted_log_loss)),
                beside: format!("{}; lower is better", interval(part.weighted_log_loss_interval)),
            },
            Headline {
                what: format!("prevalence baseline, {name}"),
                value: Some(Number::metric(part.prevalence_log_loss)),
                beside: "weighted log loss of always predicting each label's share in training".into(),
            },
            Headline {
                what: match metrics.label_set.is_rsna() {
                    true => format!("AUROC of any hemorrhage, {name}"),
                    false => format!("AUROC of {}, {name}", part.headline()),
                },
                value: part.auc_any().map(Number::metric),
                beside: part.auc_any().map_or_else(any_note, |_| {
                    format!("{}; chance is 0.5", interval(part.auc_any_interval))
                }),
            },
        ]
    };
    let mut headlines = of(&metrics.valid, "validation");
    if let Some(test) = &metrics.test {
        headlines.extend(of(test, "test"));
    }
    if let Some(baseline) = &metrics.baseline {
        headlines.push(Headline {
            what: "weighted log loss of the baseline, validation".into(),
            value: Some(Number::metric(baseline.weighted_log_loss)),
            beside: match &metrics.versus_baseline {
                Some(versus) => format!(
                    "Δ of the model {:+.4} ({})",
                    versus.difference,
                    interval(versus.interval)
                ),
                None => interval(baseline.weighted_log_loss_interval),
            },
        });
    }
    headlines
}

/// Slices and exams side by side, part by part; `None` where one of them was judged alone.
pub(crate) fn levels(metrics: &Metrics) -> Option<Table> {
    let exams = metrics.exams.as_ref()?;
    let parts = [
        (metrics.unit, "validation", Some(&metrics.valid)),
        (exams.unit, "validation", Some(&exams.valid)),
        (metrics.unit, "test", metrics.test.as_ref()),
        (exams.unit, "test", exams.test.as_ref()),
    ];
    let headline = metrics.valid.headline();
    let row = |(unit, name, part): (Level, &str, Option<&PartMetrics>)| {
        let part = part?;
        let of = |measured: &&LabelStatistics| measured.label == headline;
        let found = part.statistics.iter().find(of)?;
        let point = found.operating_points.iter().find(|point| point.chosen);
        let point = point.or(found.operating_points.first());
        let measure = |measure: Option<Measure>| {
            Cell::with_interval(
                measure.map(|measure| measure.value),
                measure.and_then(|measure| measure.interval),
            )
        };
        let cells = vec![
            Cell::count(part.slices),
            Cell::count(part.patients),
            Cell::count(found.positives),
            Cell::with_interval(Some(part.weighted_log_loss), part.weighted_log_loss_interval),
            measure(found.auroc),
            Cell::maybe(point.map(|point| point.threshold)),
            measure(point.and_then(|point| point.sensitivity)),
            measure(point.and_then(|point| point.specificity)),
        ];
        Some((format!("{name} {}", unit.plural()), cells))
    };
    Some(Table {
        caption: format!(
            "{} and {} side by side; AUROC, sensitivity and specificity are of {headline}, at the chosen threshold where there is \
             one. A log loss of {} is no log loss of {}: they are not to be compared with one another.",
            capital(metrics.unit.plural()),
            exams.unit.plural(),
            metrics.unit.plural(),
            exams.unit.plural()
        ),
        columns: heads(&[
            "count",
            "patients",
            "positive",
            "weighted log loss",
            "AUROC",
            "threshold",
            "sensitivity",
            "specificity",
        ]),
        rows: parts.into_iter().filter_map(row).collect(),
    })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(crate) fn verdict(metrics: &Metrics) -> Verdict {
    let (part, unit) = (&metrics.valid, metrics.unit);
    let of = format!(
        "on {} of {}",
        counted(
            part.slices,
            &format!("validation {unit}"),
            &format!("validation {}", unit.plural())
        ),
        counted(part.patients, "patient", "patients")
    );
    let baseline = part.prevalence_log_loss;
    let (kind, text) = match part.weighted_log_loss_interval {
        Some(Interval { high, .. }) if high < baseline => {
            ("good", "The model is better than the prevalence baseline")
        }
        Some(Interval { low, .. }) if low > baseline => {
            ("bad", "The model is worse than the prevalence baseline")
        }
        Some(_) => (
            "open",
            "The model is not shown to be better than the prevalence baseline",
        ),
        None if part.weighted_log_loss < baseline => (
            "open",
            "The model scores better than the prevalence baseline; without an interval this may be chance",
        ),
        None => ("bad", "The model scores no better than the prevalence baseline"),
    };
    Verdict {
        text: format!("{text} ({of})."),
        kind,
    }
}

pub(crate) fn parts(metrics: &Metrics) -> Vec<PartScores> {
    let unit = metrics.unit.plural();
    let mut parts = vec![part(format!("Validation {unit}"), &metrics.valid, metrics)];
    let test = metrics.test.iter();
    parts.extend(test.map(|test| part(format!("Test {unit}"), test, metrics)));
    parts.extend(
        metrics
            .baseline
            .iter()
            .map(|baseline| part(format!("The baseline on validation {unit}"), baseline, metrics)),
    );
    parts
}

fn part(title: String, measured: &PartMetrics, metrics: &Metrics) -> PartScores {
    let size = format!(
        "{} of {}",
        counted(measured.slices, metrics.unit.name(), metrics.unit.plural()),
        counted(measured.patients, "patient", "patients")
    );
    PartScores {
        labels: tables::labels(&title, measured, &size),
        more: tables::more(&title, measured),
        decisions: tables::decisions(&title, measured, metrics),
        title,
        whole: vec![
            (
                "weighted log loss".into(),
                Number::metric(measured.weighted_log_loss),
                interval(measured.weighted_log_loss_interval),
            ),
            (
                format!(
                    "with probabilities clipped to {:e}, as submitted",
                    measured.submitted.clip
                ),
                Number::metric(measured.submitted.weighted_log_loss),
                String::new(),
            ),
            (
                "weighted log loss of the prevalence baseline".into(),
                Number::metric(measured.prevalence_log_loss),
                match metrics.label_set.is_rsna() {
                    true => format!("on stage 2 of the competition it is {STAGE_2_PREVALENCE_LOG_LOSS}"),
                    false => String::new(),
                },
            ),
        ],
        notes: measured
            .labels
            .iter()
            .filter_map(|label| {
                label
                    .note
                    .as_ref()
                    .map(|note| format!("{}: {note}.", label.label))
            })
            .collect(),
    }
}
