//! The page: one HTML file with everything in it.
//!
//! `page.html` is the template, `sections/` its parts. A section of the page has a struct of finished texts, so that the
//! template only places them; askama escapes every one. Only the viewer's element and the pictures drawn by
//! [`crate::render::plots`] are placed as they are.

use askama::Template;
use ichflow_api::prelude::*;
use ichflow_pages::frame::{Assets, Frame};
use ichflow_pages::viewer;

use super::along::AlongSeries;
use super::curves::{self, CurveSet};
use super::data::{self, DataTable};
use super::evidence::{self, Evidence};
use super::examples::{self, ExampleStrip, ExampleViewer};
use super::groups::{self, GroupSection};
use super::material::Material;
use super::network::{self, NetworkTable};
use super::origin::{self, Origin, Quarantine};
use super::scores::{self, Headline, PartScores, Verdict};
use super::series::{self, SeriesTable};
use super::table::Table;
use super::tables;
use super::windows::{self, WindowRow};
use crate::render::plots::{self, Figure};

#[derive(Template)]
#[template(path = "metrics_report/page.html")]
struct Page<'a> {
    title: String,
    architecture: &'a str,
    /// "slices", or what was judged.
    units: &'static str,
    window: String,
    verdict: Verdict,
    headlines: Vec<Headline>,
    levels: Option<Table>,
    data: DataTable,
    series: Option<SeriesTable>,
    split: Option<Table>,
    leaks: &'a [String],
    remarks: Vec<String>,
    quarantine: Quarantine,
    training: Vec<Figure>,
    windows: Vec<WindowRow>,
    curves: Vec<CurveSet>,
    calibration: Option<(Table, CurveSet)>,
    groups: Option<GroupSection>,
    evidence: Option<Evidence>,
    parts: Vec<PartScores>,
    resamples: usize,
    eps: String,
    viewer: Option<ExampleViewer>,
    strips: Vec<ExampleStrip<'a>>,
    along: &'a [AlongSeries],
    has_heat: bool,
    localization: Option<Table>,
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
    let title = material
        .model
        .map_or_else(|| title.to_owned(), |model| model.in_title(title));
    let page = Page {
        title,
        architecture: material
            .model
            .map_or("no network was trained", |model| model.description.as_str()),
        units: metrics.unit.plural(),
        window: material.look.clone(),
        verdict: scores::verdict(metrics),
        headlines: scores::headlines(metrics),
        levels: scores::levels(metrics),
        data: data::table(material),
        series: material
            .selection
            .map(|selection| series::table(selection, material.privacy)),
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
        evidence: evidence::section(material)?,
        parts: scores::parts(metrics),
        resamples: metrics.computed.bootstrap,
        eps: format!("{:e}", metrics.computed.eps),
        viewer: material.embedded.map(examples::viewer).transpose()?,
        strips: examples::strips(material),
        along: material.along,
        has_heat: material
            .strips
            .iter()
            .any(|strip| strip.examples.iter().any(|example| example.heat.is_some())),
        localization: metrics.localization.as_ref().map(tables::localization),
        network: material.network.as_ref().map(network::table),
        origin: origin::origin(material.run),
    };
    let body = page.render().doing("the report's page cannot be made")?;
    let with_viewer = page.viewer.is_some();
    let frame = Frame {
        title: &format!("{} · ichflow report", page.title),
        skip: "Skip to the report",
        body: &body,
        assets: Assets::Inline {
            styles: if with_viewer { &[viewer::STYLE] } else { &[] },
            scripts: if with_viewer { &[viewer::SCRIPT] } else { &[] },
        },
    };
    frame.html().doing("the report's page cannot be made")
}

fn training(material: &Material<'_>) -> Result<Vec<Figure>> {
    let Some(history) = material.history else {
        return Ok(Vec::new());
    };
    let epochs = &history.epochs;
    let best = epochs.iter().rev().find(|epoch| epoch.best);
    let mut figures = vec![
        plots::loss(epochs, best, material.metrics.valid.prevalence_log_loss)?,
        plots::learning_rate(epochs)?,
    ];
    figures.extend(windows::figures(history)?);
    Ok(figures)
}
