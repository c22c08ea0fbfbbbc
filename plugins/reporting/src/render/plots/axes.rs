//! Axes, and what stands at their ticks: no two of an axis say the same.

use std::ops::Range;

use ichflow_api::error::Result;
use plotters::coord::ranged1d::BoldPoints;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::Ink;
use super::figure::{Area, cannot_draw};

/// A picture with its axes.
pub(super) type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Axes, ticks and a faint grid.
pub(super) struct Axes<'a> {
    /// Values from left to right.
    pub x: Range<f64>,
    /// Values from below.
    pub y: Range<f64>,
    /// What lies along x, with its unit.
    pub x_name: &'a str,
    /// What lies along y, with its unit.
    pub y_name: &'a str,
    /// At most how many ticks x has.
    pub x_ticks: usize,
    /// What stands at the ticks of x.
    pub x_format: Ticks<'a>,
    /// What stands at the ticks of y.
    pub y_format: Ticks<'a>,
}

/// What stands at the ticks of an axis.
#[derive(Clone, Copy)]
pub(super) enum Ticks<'a> {
    /// Numbers, with as many decimals as tell them apart.
    Numbers,
    /// Whole numbers, one apart at least: counts, epochs.
    Whole,
    /// Counts on a logarithmic scale: 0 at 0, 1 at 1, 10 at 2, 100 at 3.
    Powers,
    /// Powers of ten, from their logarithms: 0.1 at −1, 10 at 1.
    Decades,
    /// A text for each; nothing where it is empty.
    Text(&'a dyn Fn(&f64) -> String),
}

impl Ticks<'_> {
    /// At most how many ticks, of `wanted`, an axis over `range` has.
    fn number(self, wanted: usize, range: &Range<f64>) -> usize {
        match self {
            Self::Whole | Self::Powers | Self::Decades => wanted
                .min((range.end - range.start).abs().floor() as usize + 1)
                .max(1),
            _ => wanted,
        }
    }

    /// The text at a tick of an axis that has `ticks`.
    fn text(self, value: f64, ticks: &[f64]) -> String {
        match self {
            Self::Numbers => match apart(ticks) {
                Some(digits) => decimals(value, digits),
                None => scientific(value, ticks),
            },
            Self::Whole if (value - value.round()).abs() < 1e-6 => decimals(value, 0),
            Self::Powers if value < 0.5 => decimals(value, 0),
            Self::Powers if (value - value.round()).abs() < 1e-6 => {
                format!("1{}", "0".repeat(value.round() as usize - 1))
            }
            Self::Decades if (value - value.round()).abs() < 1e-6 => {
                decimals(10_f64.powf(value.round()), (-value.round()).max(0.0) as usize)
            }
            Self::Whole | Self::Powers | Self::Decades => String::new(),
            Self::Text(text) => text(&value),
        }
    }
}

/// As few decimals as give every tick another text, and none of them a wrong one; `None` where there would be too
/// many to read.
fn apart(ticks: &[f64]) -> Option<usize> {
    const MOST: usize = 6;
    let step = ticks
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .fold(f64::INFINITY, f64::min);
    let exact = |digits: &usize| {
        let unit = 10_f64.powi(*digits as i32);
        ticks
            .iter()
            .all(|tick| ((tick * unit).round() / unit - tick).abs() < 0.01 * step)
    };
    (0..=MOST).find(exact)
}

/// A number that is too small for decimals: "2.5e-9".
fn scientific(value: f64, ticks: &[f64]) -> String {
    let text = |value: f64, digits: usize| match value {
        0.0 => "0".to_owned(),
        value => format!("{value:.digits$e}"),
    };
    let differ = |digits: &usize| {
        let mut texts: Vec<String> = ticks.iter().map(|tick| text(*tick, *digits)).collect();
        texts.dedup();
        texts.len() == ticks.len()
    };
    text(value, (0..12).find(differ).unwrap_or(12))
}

/// A number with so many decimals, and no minus before a zero.
fn decimals(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|digit| matches!(digit, '0' | '.')) => zero.to_owned(),
        _ => text,
    }
}

/// Size of letters, in units of the picture.
const LETTERS: u32 = 13;

pub(super) fn letters(area: &Area<'_>) -> TextStyle<'static> {
    ("inherit", LETTERS)
        .with_color(Ink::Text.stand_in())
        .into_text_style(area)
}

impl Axes<'_> {
    pub(super) fn on<'a, 'b>(&self, area: &'a Area<'b>) -> Result<Plot<'a, 'b>> {
        self.with_left(area, 64)
    }

    /// Without numbers and name to the left, for a picture that writes there itself.
    pub(super) fn without_left<'a, 'b>(&self, area: &'a Area<'b>) -> Result<Plot<'a, 'b>> {
        self.with_left(area, 0)
    }

    fn with_left<'a, 'b>(&self, area: &'a Area<'b>, left: u32) -> Result<Plot<'a, 'b>> {
        let mut plot = ChartBuilder::on(area)
            .margin(8)
            .margin_right(16)
            .x_label_area_size(46)
            .y_label_area_size(left)
            .build_cartesian_2d(self.x.clone(), self.y.clone())
            .map_err(cannot_draw)?;
        let across = self.x_format.number(self.x_ticks, &self.x);
        let up = self.y_format.number(6, &self.y);
        let ticks = |range: &Range<f64>, most: usize| -> Vec<f64> {
            let axis: RangedCoordf64 = range.clone().into();
            axis.key_points(BoldPoints(most))
        };
        let (x_ticks, y_ticks) = (ticks(&self.x, across), ticks(&self.y, up));
        plot.configure_mesh()
            .x_labels(across)
            .y_labels(up)
            .x_label_formatter(&|value| self.x_format.text(*value, &x_ticks))
            .y_label_formatter(&|value| self.y_format.text(*value, &y_ticks))
            .x_desc(self.x_name)
            .y_desc(self.y_name)
            .axis_style(Ink::Text.line(1))
            .bold_line_style(Ink::Grid.line(1))
            .light_line_style(TRANSPARENT)
            .label_style(letters(area))
            .axis_desc_style(letters(area))
            .draw()
            .map_err(cannot_draw)?;
        Ok(plot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ticks_say_the_same() {
        let texts = |format: Ticks<'_>, range: Range<f64>, wanted: usize| -> Vec<String> {
            let axis: RangedCoordf64 = range.clone().into();
            let ticks = axis.key_points(BoldPoints(format.number(wanted, &range)));
            let texts = ticks.iter().map(|tick| format.text(*tick, &ticks));
            texts.filter(|text| !text.is_empty()).collect()
        };
        let ranges: [f64; 15] = [
            1e-9, 1e-5, 0.02, 0.3, 1.0, 1.06, 2.12, 3.0, 4.24, 7.5, 12.0, 25.0, 106.0, 1234.0, 1e6,
        ];
        for end in ranges {
            for format in [Ticks::Numbers, Ticks::Whole, Ticks::Powers] {
                for wanted in [2, 6, 8, 11] {
                    let end = if matches!(format, Ticks::Powers) {
                        end.min(7.0)
                    } else {
                        end
                    };
                    let found = texts(format, -0.02 * end..end, wanted);
                    let mut once = found.clone();
                    once.dedup();
                    assert_eq!(found, once);
                }
            }
        }
        assert_eq!(texts(Ticks::Whole, 0.0..1.06, 6), ["0", "1"]);
        assert_eq!(texts(Ticks::Powers, 0.0..3.2, 6), ["0", "1", "10", "100"]);
        assert_eq!(texts(Ticks::Decades, -2.2..1.6, 6), ["0.01", "0.1", "1", "10"]);
        assert_eq!(decimals(-0.0001, 2), "0.00");
    }
}
