//! Values with their intervals under headings, each named on a line of its own above it: a forest plot that can be read
//! on a narrow screen.

use ichflow_api::error::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axes::{Axes, Ticks, letters};
use super::curve::reference;
use super::figure::cannot_draw;
use super::{Figure, Ink};

/// Values under one heading.
pub(crate) struct Stand {
    /// What they have in common.
    pub heading: String,
    /// The values, the first on top.
    pub trees: Vec<Tree>,
}

/// One value.
pub(crate) struct Tree {
    /// What stands above it: its name and numbers.
    pub text: String,
    /// The value.
    pub value: f64,
    /// Lower and upper end.
    pub interval: Option<(f64, f64)>,
    /// Its colour.
    pub ink: Ink,
}

/// Height of a heading, and of a value with its text, in units of the picture.
const HEADING: f64 = 34.0;
const TREE: f64 = 40.0;
/// Width of the picture.
const WIDTH: u32 = 440;
/// Above and below the plot: margins, the axis and its name.
const AROUND: u32 = 62;

/// All stands below one another; a dashed line at `against`.
pub(crate) fn forest(
    title: &str,
    description: String,
    axis: &str,
    stands: &[Stand],
    against: Option<f64>,
) -> Result<Figure> {
    let trees = || stands.iter().flat_map(|stand| &stand.trees);
    let ends = || {
        trees()
            .flat_map(|tree| {
                let (low, high) = tree.interval.unwrap_or((tree.value, tree.value));
                [low, tree.value, high]
            })
            .chain(against)
            .filter(|value| value.is_finite())
    };
    let (low, high) = (
        ends().fold(f64::INFINITY, f64::min),
        ends().fold(f64::NEG_INFINITY, f64::max),
    );
    if low > high || trees().next().is_none() {
        return Ok(Figure::absent(title, "There is nothing to draw."));
    }
    let room = ((high - low) * 0.04).max(1e-6);
    let headings = stands.iter().filter(|stand| !stand.trees.is_empty()).count();
    let length = HEADING * headings as f64 + TREE * trees().count() as f64;
    let figure = Figure::draw(title, description, (WIDTH, length as u32 + AROUND), |area| {
        let axes = Axes {
            x: low - room..high + room,
            // From the top down.
            y: length..0.0,
            x_name: axis,
            y_name: "",
            x_ticks: 6,
            x_format: Ticks::Numbers,
            y_format: Ticks::Text(&|_| String::new()),
        };
        let mut plot = axes.without_left(area)?;
        if let Some(value) = against {
            reference(&mut plot, (value, 0.0), (value, length))?;
        }
        let left = letters(area).pos(Pos::new(HPos::Left, VPos::Center));
        let mut at = 0.0;
        for stand in stands.iter().filter(|stand| !stand.trees.is_empty()) {
            let bold = ("inherit", 14, FontStyle::Bold)
                .with_color(Ink::Text.stand_in())
                .into_text_style(area)
                .pos(Pos::new(HPos::Left, VPos::Center));
            let (_, down) = plot.backend_coord(&(low, at + 0.6 * HEADING));
            area.draw_text(&stand.heading, &bold, (10, down))
                .map_err(cannot_draw)?;
            at += HEADING;
            for tree in &stand.trees {
                let (_, down) = plot.backend_coord(&(low, at + 10.0));
                area.draw_text(&tree.text, &left, (18, down))
                    .map_err(cannot_draw)?;
                let y = at + 28.0;
                if let Some((low, high)) = tree.interval {
                    plot.draw_series(LineSeries::new([(low, y), (high, y)], tree.ink.line(3)))
                        .map_err(cannot_draw)?;
                }
                plot.draw_series([Circle::new((tree.value, y), 6, tree.ink.fill())])
                    .map_err(cannot_draw)?;
                at += TREE;
            }
        }
        Ok(())
    })?;
    let text = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let rows = stands.iter().flat_map(|stand| {
        stand.trees.iter().map(move |tree| {
            vec![
                stand.heading.clone(),
                tree.text.clone(),
                tree.value.to_string(),
                text(tree.interval.map(|(low, _)| low)),
                text(tree.interval.map(|(_, high)| high)),
            ]
        })
    });
    figure.with_data(&["of", "what", axis, "low", "high"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_without_values_are_left_out_and_names_stay_text() {
        let tree = Tree {
            text: "<i>J40s</i>".into(),
            value: 0.9,
            interval: Some((0.8, 0.95)),
            ink: Ink::First,
        };
        let stand = |heading: &str, trees| Stand {
            heading: heading.into(),
            trees,
        };
        let stands = [stand("Kernel", vec![tree]), stand("Nothing", Vec::new())];
        let figure = forest("AUROC", String::new(), "AUROC", &stands, Some(0.85)).unwrap();
        let svg = figure.svg.unwrap();
        assert!(svg.contains("Kernel") && !svg.contains("Nothing"), "{svg}");
        assert!(svg.contains("&lt;i&gt;J40s") && !svg.contains("<i>"), "{svg}");
        let none = forest(
            "AUROC",
            String::new(),
            "AUROC",
            &[stand("Kernel", Vec::new())],
            None,
        );
        assert!(none.unwrap().svg.is_none());
    }
}
