//! What the page is made of.

use ichflow_api::context::RunContext;
use ichflow_api::data::measures::Metrics;
use ichflow_api::data::selection::Selection;
use ichflow_api::nn::summary::Summary;
use ichflow_api::prelude::*;

use super::along::AlongSeries;
use super::embedded::Embedded;
use super::slices::Strip;
use crate::checklist::Written;
use crate::render::privacy::Privacy;

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
    /// Which series were chosen, where some were.
    pub selection: Option<&'a Selection>,
    pub metrics: &'a Metrics,
    pub strips: &'a [Strip],
    /// The slices of the strips in HU, where the page may hold them.
    pub embedded: Option<&'a Embedded>,
    /// Series that two models see differently, where there is another.
    pub along: &'a [AlongSeries],
    /// Through what the slices are shown, in words.
    pub look: String,
    /// What the network consists of, if there is one.
    pub network: Option<Summary>,
    /// Reporting checklists written beside the report.
    pub checklists: &'a [Written],
    pub privacy: &'a Privacy,
    pub run: &'a RunContext,
}
