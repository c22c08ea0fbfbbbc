//! Curves: through points, and in the unit square.

use ichflow_api::error::Result;
use plotters::prelude::*;

use super::Ink;
use super::axes::{Axes, Plot, Ticks};
use super::figure::{Area, cannot_draw};

/// A line through points; the points too where they are few, so that one alone is seen.
pub(super) fn series(plot: &mut Plot<'_, '_>, points: &[(f64, f64)], ink: Ink, dots: bool) -> Result<()> {
    plot.draw_series(LineSeries::new(points.iter().copied(), ink.line(2)))
        .map_err(cannot_draw)?;
    if dots {
        plot.draw_series(points.iter().map(|point| Circle::new(*point, 3, ink.fill())))
            .map_err(cannot_draw)?;
    }
    Ok(())
}

/// A dashed line to compare with.
pub(super) fn reference(plot: &mut Plot<'_, '_>, from: (f64, f64), to: (f64, f64)) -> Result<()> {
    plot.draw_series(DashedLineSeries::new([from, to], 5, 5, Ink::Reference.line(2)))
        .map_err(cannot_draw)?;
    Ok(())
}

/// A curve in the unit square.
pub(crate) struct Curve {
    /// The points, at most some thousand.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// At most `MOST` points: the eye sees no more, and a page must not weigh megabytes.
    pub(crate) fn new(points: Vec<(f64, f64)>) -> Self {
        const MOST: usize = 400;
        let last = points.len().saturating_sub(1);
        let every = points.len().div_ceil(MOST).max(1);
        let points = points
            .into_iter()
            .enumerate()
            .filter(|(index, _)| index.is_multiple_of(every) || *index == last)
            .map(|(_, point)| point)
            .collect();
        Self { points }
    }
}

/// The points of curves as lines of a CSV, each with its curve's name.
pub(super) fn rows<'a>(names: &'a [&'a str], curves: &'a [Curve]) -> impl Iterator<Item = Vec<String>> + 'a {
    names.iter().zip(curves).flat_map(|(name, curve)| {
        let points = curve.points.iter();
        points.map(|(x, y)| vec![(*name).to_owned(), x.to_string(), y.to_string()])
    })
}

/// Curves in a square from (0, 0) to (1, 1): the first of validation slices, the second of test slices.
pub(super) fn unit_square(
    area: &Area<'_>,
    names: (&str, &str),
    curves: &[Curve],
    chance: Option<((f64, f64), (f64, f64))>,
) -> Result<()> {
    let axes = Axes {
        x: 0.0..1.0,
        y: 0.0..1.0,
        x_name: names.0,
        y_name: names.1,
        x_ticks: 6,
        x_format: Ticks::Numbers,
        y_format: Ticks::Numbers,
    };
    let mut plot = axes.on(area)?;
    if let Some((from, to)) = chance {
        reference(&mut plot, from, to)?;
    }
    for (curve, ink) in curves.iter().zip([Ink::First, Ink::Second]) {
        series(&mut plot, &curve.points, ink, curve.points.len() < 25)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_curves_are_thinned_and_keep_their_ends() {
        let points: Vec<(f64, f64)> = (0..=100_000).map(|i| (f64::from(i), 0.0)).collect();
        let curve = Curve::new(points);
        assert!(curve.points.len() <= 402);
        assert_eq!(curve.points.first(), Some(&(0.0, 0.0)));
        assert_eq!(curve.points.last(), Some(&(100_000.0, 0.0)));
    }
}
