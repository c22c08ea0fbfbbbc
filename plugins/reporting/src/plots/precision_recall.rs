//! Precision against recall, one label a picture.

use ichflow_api::error::Result;

use super::{Curve, Figure, unit_square};

/// The precision–recall curves of one label; the level line at `prevalence` (0 to 1) is chance.
pub(crate) fn precision_recall(
    label: &str,
    description: String,
    curves: &[Curve],
    prevalence: f64,
) -> Result<Figure> {
    Figure::draw(
        format!("Precision and recall, {label}"),
        description,
        (350, 310),
        |area| {
            unit_square(
                area,
                ("recall (sensitivity)", "precision"),
                curves,
                Some(((0.0, prevalence), (1.0, prevalence))),
            )
        },
    )
}
