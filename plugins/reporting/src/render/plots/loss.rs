//! Training and validation loss, epoch by epoch.

use ichflow_api::error::Result;
use ichflow_api::tensors::history::Epoch;
use plotters::prelude::*;

use super::axes::{Axes, Ticks};
use super::curve::{reference, series};
use super::figure::cannot_draw;
use super::{Figure, Ink};

/// The loss curves; `prevalence` is the loss of the prevalence baseline on the validation slices.
pub(crate) fn loss(epochs: &[Epoch], best: Option<&Epoch>, prevalence: f64) -> Result<Figure> {
    let title = "Loss by epoch";
    let points = |of: &dyn Fn(&Epoch) -> f64| -> Vec<(f64, f64)> {
        epochs
            .iter()
            .map(|epoch| (epoch.epoch as f64, of(epoch)))
            .filter(|(_, loss)| loss.is_finite())
            .collect()
    };
    let (train, valid) = (
        points(&|epoch| epoch.train_loss),
        points(&|epoch| epoch.valid_loss),
    );
    let highest = train
        .iter()
        .chain(&valid)
        .map(|(_, loss)| *loss)
        .chain([prevalence])
        .fold(0.0, f64::max);
    if epochs.is_empty() || highest <= 0.0 {
        return Ok(Figure::absent(title, "No epoch was recorded."));
    }
    let best = best.filter(|best| best.valid_loss.is_finite());
    let description = match best {
        Some(best) => format!(
            "The best epoch is {} with a validation loss of {:.4}; the prevalence baseline has {prevalence:.4}.",
            best.epoch, best.valid_loss
        ),
        None => format!("The prevalence baseline has {prevalence:.4}."),
    };
    let figure = Figure::draw(title, description, (440, 300), |area| {
        let x = span(epochs);
        let axes = Axes {
            x: x.clone(),
            y: 0.0..highest * 1.08,
            x_name: "epoch",
            y_name: "loss per slice",
            x_ticks: epochs.len().min(10) + 1,
            x_format: Ticks::Whole,
            y_format: Ticks::Numbers,
        };
        let mut plot = axes.on(area)?;
        reference(&mut plot, (x.start, prevalence), (x.end, prevalence))?;
        let dots = epochs.len() <= 40;
        series(&mut plot, &train, Ink::Second, dots)?;
        series(&mut plot, &valid, Ink::First, dots)?;
        if let Some(best) = best {
            let place = (best.epoch as f64, best.valid_loss);
            plot.draw_series([Circle::new(place, 8, Ink::First.line(2))])
                .map_err(cannot_draw)?;
        }
        Ok(())
    })?;
    figure.with_data(
        &["epoch", "training loss", "validation weighted log loss"],
        epochs.iter().map(|epoch| {
            vec![
                epoch.epoch.to_string(),
                epoch.train_loss.to_string(),
                epoch.valid_loss.to_string(),
            ]
        }),
    )
}

/// The epochs with half an epoch of room at either end, so that a single one is seen.
pub(super) fn span(epochs: &[Epoch]) -> std::ops::Range<f64> {
    let first = epochs.first().map_or(1, |epoch| epoch.epoch) as f64;
    let last = epochs.last().map_or(1, |epoch| epoch.epoch) as f64;
    first - 0.5..last + 0.5
}
