//! Values with their intervals, one per line.

use ichflow_api::error::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axes::{Axes, Ticks, letters};
use super::curve::reference;
use super::figure::cannot_draw;
use super::{Figure, Ink};

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
    let longest = dots.iter().map(|dot| dot.name.chars().count()).max().unwrap_or(0) as u32;
    let wanted = (8 * longest + 14).max(30);
    // Names that would take more than a third of the picture stand above their lines instead.
    let above = wanted > width / 3;
    let (names, line) = if above { (8, 44) } else { (wanted, 26) };
    let height = 70 + line * dots.len() as u32;
    let top = if above { -0.8 } else { -0.6 };
    let figure = Figure::draw(title, description, (width, height), |area| {
        let (names_area, plot_area) = area.split_horizontally(names);
        let axes = Axes {
            x: low - room..high + room,
            y: dots.len() as f64 - 0.4..top,
            x_name: axis,
            y_name: "",
            x_ticks: 6,
            x_format: Ticks::Numbers,
            y_format: Ticks::Text(&|_| String::new()),
        };
        let mut plot = axes.without_left(&plot_area)?;
        if let Some(value) = against {
            reference(&mut plot, (value, top), (value, dots.len() as f64 - 0.4))?;
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
            if above {
                let style = letters(area).pos(Pos::new(HPos::Left, VPos::Center));
                area.draw_text(&dot.name, &style, (16, down - 18))
            } else {
                let style = letters(&names_area).pos(Pos::new(HPos::Right, VPos::Center));
                names_area.draw_text(&dot.name, &style, (names as i32 - 8, down))
            }
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
}
