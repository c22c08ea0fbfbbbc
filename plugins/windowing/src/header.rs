//! The window that a slice's own header asks for.

use ichflow_api::prelude::*;

/// Smallest width that functions other than DICOM's own `linear` use, in HU: what is narrower is an edge.
pub const NARROWEST: f32 = 1e-3;

/// Center and width of the slice's header, in HU, or the fallback if it has none, or none of at least `narrowest` HU.
pub fn header_window(
    tags: &SliceTags,
    narrowest: f32,
    fallback_center: f64,
    fallback_width: f64,
) -> (f32, f32) {
    match (tags.window_center, tags.window_width) {
        (Some(center), Some(width)) if center.is_finite() && width.is_finite() && width >= narrowest => {
            (center, width)
        }
        _ => (fallback_center as f32, fallback_width as f32),
    }
}

/// What is wrong with a fallback.
pub fn check_fallback(center: f64, width: f64) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !center.is_finite() {
        problems.push(Problem::new(
            "fallback_center",
            format!("a window cannot have the center {center}"),
        ));
    }
    if !(width.is_finite() && width >= 1.0) {
        problems.push(Problem::new(
            "fallback_width",
            format!("a window of width {width} HU is not one DICOM allows: at least 1"),
        ));
    }
    problems
}
