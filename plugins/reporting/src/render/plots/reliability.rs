//! Predicted against observed frequency, one label a picture.

use ichflow_api::error::Result;
use ichflow_api::metrics::ReliabilityBin;

use super::curve::unit_square;
use super::{Curve, Figure};

/// The bins of one kind of predictions.
pub(crate) struct Reliability<'a> {
    /// Of which predictions.
    pub name: &'a str,
    /// Ascending.
    pub bins: &'a [ReliabilityBin],
}

/// Reliability curves; the diagonal is what perfect probabilities would give.
pub(crate) fn reliability(label: &str, description: String, kinds: &[Reliability<'_>]) -> Result<Figure> {
    let curves: Vec<Curve> = kinds
        .iter()
        .map(|kind| {
            Curve::new(
                kind.bins
                    .iter()
                    .map(|bin| (bin.predicted, bin.observed))
                    .collect(),
            )
        })
        .collect();
    let figure = Figure::draw(format!("Reliability, {label}"), description, (350, 310), |area| {
        unit_square(
            area,
            ("mean predicted probability", "share of positives"),
            &curves,
            Some(((0.0, 0.0), (1.0, 1.0))),
        )
    })?;
    figure.with_data(
        &[
            "predictions",
            "mean predicted probability",
            "share of positives",
            "slices",
        ],
        kinds.iter().flat_map(|kind| {
            kind.bins.iter().map(|bin| {
                vec![
                    kind.name.to_owned(),
                    bin.predicted.to_string(),
                    bin.observed.to_string(),
                    bin.slices.to_string(),
                ]
            })
        }),
    )
}
