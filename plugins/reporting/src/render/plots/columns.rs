//! Counts as upright bars.

use ichflow_api::error::Result;
use plotters::prelude::*;

use super::axes::{Axes, Ticks};
use super::figure::cannot_draw;
use super::{Figure, Ink};

/// A bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Column {
    /// Its left edge.
    pub from: f64,
    /// Its right edge.
    pub to: f64,
    /// Its height.
    pub count: usize,
}

/// How often values fall into at most `most` bins of equal width between their extremes. Whole numbers get
/// bins around whole numbers.
pub(crate) fn columns_of(values: &[f64], most: usize) -> Vec<Column> {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let (low, high) = finite
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
    if low > high {
        return Vec::new();
    }
    let whole = finite.iter().all(|value| (value - value.round()).abs() < 1e-9);
    let (from, width, bins) = if !whole && high - low < 1e-6 * high.abs().max(low.abs()) {
        // One value: a narrow bar around it.
        let width = 0.01 * high.abs().max(low.abs());
        (low - width / 2.0, width, 1)
    } else if whole {
        let span = high - low + 1.0;
        let width = (span / most as f64).ceil().max(1.0);
        (low - 0.5, width, (span / width).ceil() as usize)
    } else {
        let width = ((high - low) / most as f64).max(1e-9);
        (low, width, most)
    };
    let mut columns: Vec<Column> = (0..bins.max(1))
        .map(|bin| Column {
            from: from + bin as f64 * width,
            to: from + (bin + 1) as f64 * width,
            count: 0,
        })
        .collect();
    let last = columns.len() - 1;
    for value in finite {
        let bin = ((value - from) / width).floor().max(0.0) as usize;
        columns[bin.min(last)].count += 1;
    }
    columns
}

/// Bars along `axis`; `what` is counted.
pub(crate) fn columns(
    title: &str,
    description: String,
    (axis, what): (&str, &str),
    columns: &[Column],
    size: (u32, u32),
) -> Result<Figure> {
    let highest = columns.iter().map(|column| column.count).max().unwrap_or(0);
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else {
        return Ok(Figure::absent(title, "There is nothing to draw."));
    };
    // A bar alone stands in the middle of an axis ten times as wide.
    let room = match columns.len() {
        1 => 4.5 * (last.to - first.from),
        _ => 0.02 * (last.to - first.from),
    };
    // Bins around whole numbers begin halfway between two.
    let whole = (first.from + 0.5).fract() == 0.0 && (first.to - first.from).fract() == 0.0;
    let figure = Figure::draw(title, description, size, |area| {
        // What is never below 0 has no axis below it.
        let left = match first.from {
            from if from >= 0.0 => (from - room).max(-0.02 * last.to),
            from => from - room,
        };
        let axes = Axes {
            x: left..last.to + room,
            y: 0.0..highest.max(1) as f64 * 1.06,
            x_name: axis,
            y_name: what,
            x_ticks: 6,
            x_format: if whole { Ticks::Whole } else { Ticks::Numbers },
            y_format: Ticks::Whole,
        };
        let mut plot = axes.on(area)?;
        let gap = 0.04 * (first.to - first.from);
        plot.draw_series(columns.iter().filter(|column| column.count > 0).map(|column| {
            Rectangle::new(
                [(column.from + gap, 0.0), (column.to - gap, column.count as f64)],
                Ink::First.fill(),
            )
        }))
        .map_err(cannot_draw)?;
        Ok(())
    })?;
    figure.with_data(
        &["from", "to", what],
        columns.iter().map(|column| {
            vec![
                column.from.to_string(),
                column.to.to_string(),
                column.count.to_string(),
            ]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_into_one_bin() {
        let whole = columns_of(&[3.0, 3.0, 5.0], 10);
        assert_eq!(whole.len(), 3);
        assert_eq!((whole[0].from, whole[0].to, whole[0].count), (2.5, 3.5, 2));
        assert_eq!(whole[2].count, 1);
        let real = columns_of(&[0.0, 0.25, 0.5, 1.0], 4);
        assert_eq!(real.iter().map(|column| column.count).sum::<usize>(), 4);
        assert_eq!(real[3].count, 1);
        assert_eq!(
            columns_of(&[0.4, 0.4], 4)
                .iter()
                .map(|column| column.count)
                .sum::<usize>(),
            2
        );
        assert!(columns_of(&[f64::NAN], 4).is_empty());
        let wide: Vec<f64> = (0..1000).map(f64::from).collect();
        assert!(columns_of(&wide, 40).len() <= 40);
    }
}
