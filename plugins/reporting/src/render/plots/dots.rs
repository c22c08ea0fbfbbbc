//! Values with their intervals, one a line.

use ichflow_api::error::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Axes, Figure, Ink, cannot_draw, letters, reference};

/// One line of the picture.
pub(crate) struct Dot {
    /// What it is of; stands to the left.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Lower and upper end.
    pub interval: Option<(f64, f64)>,
    /// Its colour.
    pub ink: Ink,
}

/// Values along `axis`, the first on top; a dashed line at `against`.
pub(crate) fn dots(
    title: &str,
    description: String,
    axis: &str,
    dots: &[Dot],
    against: Option<f64>,
    width: u32,
) -> Result<Figure> {
    let ends = || {
        dots.iter()
            .flat_map(|dot| {
                let (low, high) = dot.interval.unwrap_or((dot.value, dot.value));
                [low, dot.value, high]
            })
            .chain(against)
            .filter(|value| value.is_finite())
    };
    let (low, high) = (
        ends().fold(f64::INFINITY, f64::min),
        ends().fold(f64::NEG_INFINITY, f64::max),
    );
    if low > high {
        return Ok(Figure::absent(title, "There is nothing to draw."));
    }
    let room = ((high - low) * 0.06).max(high.abs() * 0.02).max(1e-6);
    let height = 70 + 26 * dots.len() as u32;
    let longest = dots.iter().map(|dot| dot.name.chars().count()).max().unwrap_or(0) as u32;
    let names = (8 * longest + 14).clamp(30, width / 3);
    let figure = Figure::draw(title, description, (width, height), |area| {
        let (names_area, plot_area) = area.split_horizontally(names);
        let axes = Axes {
            x: low - room..high + room,
            y: dots.len() as f64 - 0.4..-0.6,
            x_name: axis,
            y_name: "",
            x_ticks: 6,
            x_format: &|value| rounded(*value, high - low),
            y_format: &|_| String::new(),
        };
        let mut plot = axes.without_left(&plot_area)?;
        if let Some(value) = against {
            reference(&mut plot, (value, -0.6), (value, dots.len() as f64 - 0.4))?;
        }
        for (line, dot) in dots.iter().enumerate() {
            let y = line as f64;
            if let Some((low, high)) = dot.interval {
                plot.draw_series(LineSeries::new([(low, y), (high, y)], dot.ink.line(3)))
                    .map_err(cannot_draw)?;
            }
            plot.draw_series([Circle::new((dot.value, y), 6, dot.ink.fill())])
                .map_err(cannot_draw)?;
            let (_, down) = plot.backend_coord(&(dot.value, y));
            let style = letters(&names_area).pos(Pos::new(HPos::Right, VPos::Center));
            names_area
                .draw_text(&dot.name, &style, (names as i32 - 8, down))
                .map_err(cannot_draw)?;
        }
        Ok(())
    })?;
    let text = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    figure.with_data(
        &["what", axis, "low", "high"],
        dots.iter().map(|dot| {
            vec![
                dot.name.clone(),
                dot.value.to_string(),
                text(dot.interval.map(|(low, _)| low)),
                text(dot.interval.map(|(_, high)| high)),
            ]
        }),
    )
}

/// As many digits as the length of an axis calls for.
pub(super) fn rounded(value: f64, span: f64) -> String {
    let digits = (2.0 - span.abs().max(1e-9).log10().floor()).clamp(0.0, 6.0) as usize;
    let text = format!("{value:.*}", digits.saturating_sub(1));
    if text
        .trim_start_matches('-')
        .chars()
        .all(|digit| matches!(digit, '0' | '.'))
    {
        "0".into()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_text_and_numbers_come_along() {
        let dot = Dot {
            name: "<script>".into(),
            value: 0.25,
            interval: Some((0.2, 0.3)),
            ink: Ink::First,
        };
        let figure = dots("Scores", String::new(), "loss", &[dot], Some(0.4), 400).unwrap();
        let svg = figure.svg.unwrap();
        assert!(
            svg.contains("&lt;script&gt;") && !svg.contains("<script>"),
            "{svg}"
        );
        assert_eq!(figure.data.unwrap().name, "scores.csv");
        assert!(
            dots("Scores", String::new(), "loss", &[], None, 400)
                .unwrap()
                .svg
                .is_none()
        );
    }

    #[test]
    fn digits_follow_the_axis() {
        assert_eq!(rounded(0.23456, 0.1), "0.23");
        assert_eq!(rounded(0.23456, 0.002), "0.2346");
        assert_eq!(rounded(-0.0, 5.0), "0");
        assert_eq!(rounded(1234.5, 900.0), "1234");
    }
}
