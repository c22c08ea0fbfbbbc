//! Several curves on one pair of axes.

use ichflow_api::error::Result;

use super::axes::{Axes, Ticks};
use super::curve::{reference, series};
use super::{Figure, Ink};

/// One curve.
pub(crate) struct Line {
    /// What it is of.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
    /// Its colour.
    pub ink: Ink,
}

/// Curves over whole numbers (epochs); later ones lie on top. A dashed line at `against`.
pub(crate) fn lines(
    title: &str,
    description: String,
    axes: (&str, &str),
    lines: &[Line],
    against: Option<f64>,
    size: (u32, u32),
) -> Result<Figure> {
    drawn(title, description, axes, lines, Kind::Whole(against), size)
}

/// Curves over real numbers, without dots; later ones lie on top.
pub(crate) fn curves(
    title: &str,
    description: String,
    axes: (&str, &str),
    lines: &[Line],
    size: (u32, u32),
) -> Result<Figure> {
    drawn(title, description, axes, lines, Kind::Real, size)
}

/// The same with heights above 0 on a logarithmic scale.
pub(crate) fn logarithmic_curves(
    title: &str,
    description: String,
    axes: (&str, &str),
    lines: &[Line],
    size: (u32, u32),
) -> Result<Figure> {
    drawn(title, description, axes, lines, Kind::Logarithmic, size)
}

/// What curves are over.
enum Kind {
    /// Whole numbers; a dashed line at the value, if there is one.
    Whole(Option<f64>),
    /// Real numbers.
    Real,
    /// Real numbers, heights on a logarithmic scale.
    Logarithmic,
}

fn drawn(
    title: &str,
    description: String,
    axes: (&str, &str),
    lines: &[Line],
    kind: Kind,
    size: (u32, u32),
) -> Result<Figure> {
    let (against, by_number, logarithmic) = match kind {
        Kind::Whole(against) => (against, true, false),
        Kind::Real => (None, false, false),
        Kind::Logarithmic => (None, false, true),
    };
    // Where points are drawn; 0 lies below all others on a logarithmic scale.
    let logarithms = lines
        .iter()
        .flat_map(|line| &line.points)
        .filter(|(_, y)| *y > 0.0);
    let floor = logarithms.map(|(_, y)| y.log10()).fold(f64::INFINITY, f64::min) - 0.3;
    let places: Vec<Vec<(f64, f64)>> = lines
        .iter()
        .map(|line| match logarithmic {
            true => {
                let place = |(x, y): &(f64, f64)| (*x, if *y > 0.0 { y.log10() } else { floor });
                line.points.iter().map(place).collect()
            }
            false => line.points.clone(),
        })
        .collect();
    let all = |pick: fn(&(f64, f64)) -> f64| {
        let points = places.iter().flatten();
        points.map(pick).filter(|value| value.is_finite())
    };
    let span = |low: f64, high: f64| (low <= high).then_some((low, high));
    let x = span(
        all(|point| point.0).fold(f64::INFINITY, f64::min),
        all(|point| point.0).fold(f64::NEG_INFINITY, f64::max),
    );
    let y = span(
        all(|point| point.1).chain(against).fold(f64::INFINITY, f64::min),
        all(|point| point.1)
            .chain(against)
            .fold(f64::NEG_INFINITY, f64::max),
    );
    let (Some(x), Some(y)) = (x, y) else {
        return Ok(Figure::absent(title, "There is nothing to draw."));
    };
    let room = ((y.1 - y.0) * 0.08).max(y.1.abs() * 0.01).max(1e-9);
    let side = if by_number {
        0.5
    } else {
        ((x.1 - x.0) * 0.01)
            .max(1e-3 * x.0.abs().max(x.1.abs()))
            .max(1e-6)
    };
    let figure = Figure::draw(title, description, size, |area| {
        let axes = Axes {
            x: x.0 - side..x.1 + side,
            y: y.0 - room..y.1 + room,
            x_name: axes.0,
            y_name: axes.1,
            x_ticks: 8,
            x_format: if by_number { Ticks::Whole } else { Ticks::Numbers },
            y_format: if logarithmic {
                Ticks::Decades
            } else {
                Ticks::Numbers
            },
        };
        let mut plot = axes.on(area)?;
        if let Some(value) = against {
            reference(&mut plot, (x.0 - side, value), (x.1 + side, value))?;
        }
        for (line, points) in lines.iter().zip(&places) {
            series(&mut plot, points, line.ink, by_number && points.len() <= 40)?;
        }
        Ok(())
    })?;
    figure.with_data(
        &["curve", axes.0, axes.1],
        lines.iter().flat_map(|line| {
            line.points
                .iter()
                .map(|(x, y)| vec![line.name.clone(), x.to_string(), y.to_string()])
        }),
    )
}
