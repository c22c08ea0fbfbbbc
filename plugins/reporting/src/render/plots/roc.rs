//! Sensitivity against false positives, one label a picture.

use ichflow_api::error::Result;

use super::curve::{rows, unit_square};
use super::{Curve, Figure};

/// The ROC curves of one label, with what each is of; the diagonal is chance.
pub(crate) fn roc(label: &str, description: String, names: &[&str], curves: &[Curve]) -> Result<Figure> {
    let axes = ("false positive rate", "sensitivity");
    let figure = Figure::draw(format!("ROC curve, {label}"), description, (350, 310), |area| {
        unit_square(area, axes, curves, Some(((0.0, 0.0), (1.0, 1.0))))
    })?;
    figure.with_data(&["part", axes.0, axes.1], rows(names, curves))
}
