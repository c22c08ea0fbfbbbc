//! The learning rate, epoch by epoch.

use ichflow_api::error::Result;
use ichflow_api::tensors::history::Epoch;

use super::axes::{Axes, Ticks};
use super::curve::series;
use super::loss::span;
use super::{Figure, Ink};

/// The learning rate of every epoch.
pub(crate) fn learning_rate(epochs: &[Epoch]) -> Result<Figure> {
    let title = "Learning rate by epoch";
    let points: Vec<(f64, f64)> = epochs
        .iter()
        .filter(|epoch| epoch.lr.is_finite())
        .map(|epoch| (epoch.epoch as f64, epoch.lr))
        .collect();
    let highest = points.iter().map(|(_, lr)| *lr).fold(0.0, f64::max);
    if highest <= 0.0 {
        return Ok(Figure::absent(title, "No epoch was recorded."));
    }
    let phases = epochs.iter().map(|epoch| epoch.phase).max().unwrap_or(1);
    let description = format!(
        "{} {}, {phases} {}; the highest rate is {highest:.1e}.",
        epochs.len(),
        if epochs.len() == 1 { "epoch" } else { "epochs" },
        if phases == 1 { "phase" } else { "phases" },
    );
    let figure = Figure::draw(title, description, (440, 300), |area| {
        let axes = Axes {
            x: span(epochs),
            y: 0.0..highest * 1.08,
            x_name: "epoch",
            y_name: "learning rate",
            x_ticks: epochs.len().min(10) + 1,
            x_format: Ticks::Whole,
            y_format: Ticks::Text(&|rate| {
                if *rate == 0.0 {
                    "0".into()
                } else {
                    format!("{rate:.1e}")
                }
            }),
        };
        let mut plot = axes.on(area)?;
        series(&mut plot, &points, Ink::First, epochs.len() <= 40)
    })?;
    figure.with_data(
        &["epoch", "learning rate"],
        points
            .iter()
            .map(|(epoch, rate)| vec![epoch.to_string(), rate.to_string()]),
    )
}
