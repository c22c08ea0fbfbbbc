//! The page: one HTML file with everything in it.
//!
//! `report.html` is the template, `sections/` its parts, `style.css` its looks. A section of the page has
//! a struct of finished texts here, so that the template only places them; askama escapes every one.
//! Only the style sheet and the pictures drawn by [`crate::plots`] are placed as they are.

mod curves;
mod data;
mod examples;
mod groups;
mod network;
mod origin;
pub(crate) mod privacy;
mod scores;
mod tables;
mod windows;

use askama::Template;
use ichflow_api::context::RunContext;
use ichflow_api::prelude::*;
use ichflow_api::nn::summary::Summary;

use crate::measures::Metrics;
use crate::plots::{self, Figure};
use crate::sheet::Strip;

use curves::CurveSet;
use data::DataTable;
use examples::ExampleStrip;
use groups::GroupSection;
use network::NetworkTable;
use origin::{Origin, Quarantine};
use privacy::Privacy;
use scores::{Headline, PartScores, Verdict};
use tables::Table;
use windows::WindowRow;

/// What a page is made of.
pub(crate) struct Material<'a> {
    pub cohort: &'a Cohort,
    pub folds: &'a Folds,
    pub valid: &'a Predictions,
    pub test: Option<&'a Predictions>,
    /// How training went, where something was trained.
    pub history: Option<&'a History>,
    /// What was trained, if anything was.
    pub model: Option<&'a Model>,
    pub metrics: &'a Metrics,
    pub strips: &'a [Strip],
    /// Through what the slices are shown, in words.
    pub look: String,
    /// What the network consists of, if there is one.
    pub network: Option<Summary>,
    pub privacy: &'a Privacy,
    pub run: &'a RunContext,
}

/// A number as it is read, and to the last digit.
pub(crate) struct Number {
    /// All its digits, as `metrics.json` has them.
    pub full: String,
    /// As many as a person reads.
    pub shown: String,
}

impl Number {
    /// A metric with four digits.
    pub(crate) fn metric(value: f64) -> Self {
        Self {
            full: serde_json::Number::from_f64(value).map_or("null".into(), |number| number.to_string()),
            shown: format!("{value:.4}"),
        }
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    style: &'static str,
    title: &'a str,
    architecture: &'a str,
    window: String,
    verdict: Verdict,
    headlines: Vec<Headline>,
    data: DataTable,
    split: Option<Table>,
    leaks: &'a [String],
    remarks: Vec<String>,
    quarantine: Quarantine,
    training: Vec<Figure>,
    windows: Vec<WindowRow>,
    curves: Vec<CurveSet>,
    calibration: Option<(Table, CurveSet)>,
    groups: Option<GroupSection>,
    parts: Vec<PartScores>,
    resamples: usize,
    eps: String,
    strips: Vec<ExampleStrip<'a>>,
    has_heat: bool,
    network: Option<NetworkTable>,
    origin: Origin<'a>,
}

/// The whole page.
pub(crate) fn html(material: &Material<'_>) -> Result<String> {
    let metrics = material.metrics;
    let title = match material.run.title.trim() {
        "" => "Untitled run",
        title => title,
    };
    let page = Page {
        style: include_str!("style.css"),
        title,
        architecture: material
            .model
            .map_or("no network was trained", |model| model.description.as_str()),
        window: material.look.clone(),
        verdict: scores::verdict(&metrics.valid),
        headlines: scores::headlines(metrics),
        data: data::table(material),
        split: metrics.split.as_ref().map(tables::split),
        leaks: metrics.split.as_ref().map_or(&[], |split| split.leaks.as_slice()),
        remarks: material
            .cohort
            .remarks
            .iter()
            .map(|remark| material.privacy.text(remark))
            .collect(),
        quarantine: origin::quarantine(material.run, material.privacy),
        training: training(material)?,
        windows: match (material.history, material.model) {
            (Some(history), Some(model)) => windows::rows(history, model)?,
            _ => Vec::new(),
        },
        curves: curves::sets(material)?,
        calibration: match &metrics.calibration {
            Some(found) => Some((tables::calibration(found), curves::calibration(found)?)),
            None => None,
        },
        groups: groups::section(material)?,
        parts: scores::parts(metrics),
        resamples: metrics.bootstrap,
        eps: format!("{:e}", metrics.eps),
        strips: examples::strips(material),
        has_heat: material
            .strips
            .iter()
            .any(|strip| strip.examples.iter().any(|example| example.heat.is_some())),
        network: material.network.as_ref().map(network::table),
        origin: origin::origin(material.run),
    };
    page.render().doing("the report's page cannot be made")
}

fn training(material: &Material<'_>) -> Result<Vec<Figure>> {
    let Some(history) = material.history else {
        return Ok(Vec::new());
    };
    let epochs = &history.epochs;
    let best = epochs.iter().rev().find(|epoch| epoch.best);
    let mut figures = vec![
        plots::loss(epochs, best, material.metrics.valid.priors_log_loss)?,
        plots::learning_rate(epochs)?,
    ];
    figures.extend(windows::figures(history)?);
    Ok(figures)
}

/// "1 slice", "2 slices".
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(count), if count == 1 { one } else { many })
}

/// 1234567 as 1 234 567, with narrow spaces that do not break.
pub(crate) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A share as a percentage; small ones keep a digit that says something.
pub(crate) fn per_cent(share: f64) -> String {
    let per_cent = 100.0 * share;
    if per_cent == 0.0 {
        "0 %".into()
    } else if per_cent < 1.0 {
        format!("{per_cent:.2} %")
    } else {
        format!("{per_cent:.1} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(thousands(752_803), "752\u{202f}803");
        assert_eq!(thousands(12), "12");
        assert_eq!(per_cent(0.004178), "0.42 %");
        assert_eq!(per_cent(0.143375), "14.3 %");
        assert_eq!(counted(1, "slice", "slices"), "1 slice");
        assert_eq!(Number::metric(0.1).full, "0.1");
    }
}
