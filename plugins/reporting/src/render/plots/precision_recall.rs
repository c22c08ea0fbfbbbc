//! Precision against recall, one label a picture.

use ichflow_api::error::Result;

use super::curve::{rows, unit_square};
use super::{Curve, Figure};

/// The precision–recall curves of one label, with what each is of; the level line at `prevalence` (0 to 1)
/// is chance.
pub(crate) fn precision_recall(
    label: &str,
    description: String,
    names: &[&str],
    curves: &[Curve],
    prevalence: f64,
) -> Result<Figure> {
    let axes = ("recall (sensitivity)", "precision");
    let title = format!("Precision and recall, {label}");
    let figure = Figure::draw(title, description, (350, 310), |area| {
        unit_square(area, axes, curves, Some(((0.0, prevalence), (1.0, prevalence))))
    })?;
    figure.with_data(&["part", axes.0, axes.1], rows(names, curves))
}
