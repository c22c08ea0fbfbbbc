//! Sensitivity against false positives, one label a picture.

use ichflow_api::error::Result;

use super::{Curve, Figure, unit_square};

/// The ROC curves of one label; the diagonal is chance.
pub(crate) fn roc(label: &str, description: String, curves: &[Curve]) -> Result<Figure> {
    Figure::draw(format!("ROC curve, {label}"), description, (350, 310), |area| {
        unit_square(
            area,
            ("false positive rate", "sensitivity"),
            curves,
            Some(((0.0, 0.0), (1.0, 1.0))),
        )
    })
}
