//! Clouds of points, a colour each.

use std::ops::Range;

use ichflow_api::error::Result;
use plotters::prelude::*;

use super::axes::{Axes, Ticks};
use super::figure::cannot_draw;
use super::{Figure, Ink};

/// Points of one kind.
pub(crate) struct Cloud {
    /// What they are.
    pub name: String,
    /// Where they lie.
    pub points: Vec<(f64, f64)>,
    /// Their colour.
    pub ink: Ink,
    /// Radius of a point, in units of the picture.
    pub size: i32,
}

/// Clouds on one pair of axes; later ones lie on top.
pub(crate) fn scatter(
    title: &str,
    description: String,
    names: (&str, &str),
    clouds: &[Cloud],
    size: (u32, u32),
) -> Result<Figure> {
    let range = |pick: fn(&(f64, f64)) -> f64| -> Option<Range<f64>> {
        let values = || {
            clouds
                .iter()
                .flat_map(|cloud| cloud.points.iter().map(pick))
                .filter(|value| value.is_finite())
        };
        let (low, high) = (
            values().fold(f64::INFINITY, f64::min),
            values().fold(f64::NEG_INFINITY, f64::max),
        );
        let room = match high - low {
            // All at one place, or along a line.
            0.0 => (high.abs() * 0.02).max(0.5),
            span => (span * 0.06).max(high.abs() * 0.02),
        };
        (low <= high).then_some(low - room..high + room)
    };
    let (Some(x), Some(y)) = (range(|point| point.0), range(|point| point.1)) else {
        return Ok(Figure::absent(title, "There is nothing to draw."));
    };
    let figure = Figure::draw(title, description, size, |area| {
        let axes = Axes {
            x: x.clone(),
            y: y.clone(),
            x_name: names.0,
            y_name: names.1,
            x_ticks: 6,
            x_format: Ticks::Numbers,
            y_format: Ticks::Numbers,
        };
        let mut plot = axes.on(area)?;
        for cloud in clouds {
            plot.draw_series(
                cloud
                    .points
                    .iter()
                    .filter(|point| point.0.is_finite() && point.1.is_finite())
                    .map(|point| Circle::new(*point, cloud.size, cloud.ink.fill())),
            )
            .map_err(cannot_draw)?;
        }
        Ok(())
    })?;
    figure.with_data(
        &["kind", names.0, names.1],
        clouds.iter().flat_map(|cloud| {
            cloud
                .points
                .iter()
                .map(|(x, y)| vec![cloud.name.clone(), x.to_string(), y.to_string()])
        }),
    )
}
