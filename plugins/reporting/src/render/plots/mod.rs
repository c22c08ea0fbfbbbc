//! Pictures, as SVG that lies inside the page. One file per kind of picture.
//!
//! plotters draws with fixed colours; a page has a light and a dark face. So each colour handed to
//! plotters is a stand-in, and [`Figure::draw`] replaces it by a variable of the page's style sheet,
//! where the palette (Okabe and Ito, safe for colour-blind eyes) is defined once for either face.

mod columns;
mod dots;
mod histogram;
mod learning_rate;
mod lines;
mod loss;
mod precision_recall;
mod reliability;
mod roc;
mod scatter;

use std::ops::Range;

use base64::Engine;
use ichflow_api::error::{Error, Result, ResultExt};
use plotters::coord::Shift;
use plotters::coord::ranged1d::BoldPoints;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

pub(crate) use columns::{Column, columns, columns_of};
pub(crate) use dots::{Dot, dots};
pub(crate) use histogram::{Steps, histogram};
pub(crate) use learning_rate::learning_rate;
pub(crate) use lines::{Line, curves, lines};
pub(crate) use loss::loss;
pub(crate) use precision_recall::precision_recall;
pub(crate) use reliability::{Reliability, reliability};
pub(crate) use roc::roc;
pub(crate) use scatter::{Cloud, scatter};

/// A picture in the page.
pub(crate) struct Figure {
    /// What it shows, in a few words; the heading above it.
    pub title: String,
    /// What there is to see, for those who cannot; also below the picture.
    pub description: String,
    /// The SVG; `None` where there is nothing to draw, which the description then says.
    pub svg: Option<String>,
    /// The numbers behind it.
    pub data: Option<DataFile>,
}

/// The numbers of a picture as a file that lies inside the page.
pub(crate) struct DataFile {
    /// What it is called once saved.
    pub name: String,
    /// The CSV as a `data:` address.
    pub address: String,
}

/// A place in the palette.
#[derive(Clone, Copy)]
pub(crate) enum Ink {
    /// Axes and text.
    Text,
    /// Grid lines.
    Grid,
    /// The first series: held-out slices.
    First,
    /// The second series: training, or test slices.
    Second,
    /// What to compare with: chance, priors.
    Reference,
    /// More series.
    Third,
    /// More series.
    Fourth,
    /// More series.
    Fifth,
}

impl Ink {
    const ALL: [Self; 8] = [
        Self::Text,
        Self::Grid,
        Self::First,
        Self::Second,
        Self::Reference,
        Self::Third,
        Self::Fourth,
        Self::Fifth,
    ];
    /// Colours of series, in the order they are given out.
    const SERIES: [Self; 6] = [
        Self::First,
        Self::Second,
        Self::Third,
        Self::Fourth,
        Self::Fifth,
        Self::Text,
    ];

    /// The colour of series number `index`; what comes after the sixth shares one.
    pub(crate) fn series(index: usize) -> Self {
        Self::SERIES.get(index).copied().unwrap_or(Self::Reference)
    }

    /// The colour that stands in for it while drawing.
    fn stand_in(self) -> RGBColor {
        RGBColor(1, 2, self as u8)
    }

    /// What the page's style sheet calls it.
    pub(crate) fn css(self) -> &'static str {
        match self {
            Self::Text => "currentColor",
            Self::Grid => "var(--grid)",
            Self::First => "var(--first)",
            Self::Second => "var(--second)",
            Self::Reference => "var(--reference)",
            Self::Third => "var(--third)",
            Self::Fourth => "var(--fourth)",
            Self::Fifth => "var(--fifth)",
        }
    }

    fn line(self, width: u32) -> ShapeStyle {
        self.stand_in().stroke_width(width)
    }

    fn fill(self) -> ShapeStyle {
        self.stand_in().filled()
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl Figure {
    /// Says why there is no picture.
    pub(crate) fn absent(title: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            description: why.into(),
            svg: None,
            data: None,
        }
    }

    /// Adds the numbers behind the picture, for the page to hand out as CSV.
    pub(crate) fn with_data<R>(mut self, columns: &[&str], rows: R) -> Result<Self>
    where
        R: IntoIterator<Item = Vec<String>>,
    {
        let cannot = "the numbers of a picture cannot be written as CSV";
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(columns).doing(cannot)?;
        for row in rows {
            writer.write_record(row).doing(cannot)?;
        }
        let bytes = writer.into_inner().map_err(cannot_draw)?;
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        self.data = Some(DataFile {
            name: format!("{}.csv", file_name(&self.title)),
            address: format!("data:text/csv;charset=utf-8;base64,{text}"),
        });
        Ok(self)
    }

    /// A picture of `size` units (they scale with the page), drawn by `paint`.
    pub(crate) fn draw(
        title: impl Into<String>,
        description: impl Into<String>,
        size: (u32, u32),
        paint: impl FnOnce(&Area<'_>) -> Result<()>,
    ) -> Result<Self> {
        let (title, description) = (title.into(), description.into());
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            paint(&area)?;
            area.present().map_err(cannot_draw)?;
        }
        for ink in Ink::ALL {
            let RGBColor(r, g, b) = ink.stand_in();
            svg = svg.replace(&format!("#{r:02X}{g:02X}{b:02X}"), ink.css());
        }
        let fixed = format!("<svg width=\"{}\" height=\"{}\" ", size.0, size.1);
        let named = format!(
            "<svg role=\"img\" aria-label=\"{}. {}\" ",
            escape(&title),
            escape(&description)
        );
        svg = svg.replacen(&fixed, &named, 1);
        if let Some(end) = svg.find('>') {
            svg.insert_str(end + 1, &format!("<title>{}</title>", escape(&title)));
        }
        Ok(Self {
            title,
            description,
            svg: Some(svg),
            data: None,
        })
    }
}

/// A title as the name of a file: letters and digits, words joined by `-`.
fn file_name(title: &str) -> String {
    let words: Vec<String> = title
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

/// Escapes text for an attribute or the inside of an element.
fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}

fn cannot_draw(error: impl std::fmt::Display) -> Error {
    Error::new(format!("a picture of the report cannot be drawn: {error}"))
}

/// Axes, ticks and a faint grid.
struct Axes<'a> {
    x: Range<f64>,
    y: Range<f64>,
    x_name: &'a str,
    y_name: &'a str,
    x_ticks: usize,
    x_format: Ticks<'a>,
    y_format: Ticks<'a>,
}

/// What stands at the ticks of an axis.
#[derive(Clone, Copy)]
enum Ticks<'a> {
    /// Numbers, with as many decimals as tell them apart.
    Numbers,
    /// Whole numbers, one apart at least: counts, epochs.
    Whole,
    /// Counts on a logarithmic scale: 0 at 0, 1 at 1, 10 at 2, 100 at 3.
    Powers,
    /// A text for each; nothing where it is empty.
    Text(&'a dyn Fn(&f64) -> String),
}

impl Ticks<'_> {
    /// At most how many ticks, of `wanted`, an axis over `range` has.
    fn number(self, wanted: usize, range: &Range<f64>) -> usize {
        match self {
            Self::Whole | Self::Powers => wanted
                .min((range.end - range.start).abs().floor() as usize + 1)
                .max(1),
            _ => wanted,
        }
    }

    /// The text at a tick of an axis that has `ticks`.
    fn text(self, value: f64, ticks: &[f64]) -> String {
        match self {
            Self::Numbers => decimals(value, apart(ticks)),
            Self::Whole if (value - value.round()).abs() < 1e-6 => decimals(value, 0),
            Self::Powers if value < 0.5 => decimals(value, 0),
            Self::Powers if (value - value.round()).abs() < 1e-6 => {
                format!("1{}", "0".repeat(value.round() as usize - 1))
            }
            Self::Whole | Self::Powers => String::new(),
            Self::Text(text) => text(&value),
        }
    }
}

/// As few decimals as give every tick another text, and none of them a wrong one.
fn apart(ticks: &[f64]) -> usize {
    const MOST: usize = 9;
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
    (0..MOST).find(exact).unwrap_or(MOST)
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

fn letters(area: &Area<'_>) -> TextStyle<'static> {
    ("inherit", LETTERS)
        .with_color(Ink::Text.stand_in())
        .into_text_style(area)
}

impl Axes<'_> {
    fn on<'a, 'b>(&self, area: &'a Area<'b>) -> Result<Plot<'a, 'b>> {
        self.with_left(area, 64)
    }

    /// Without numbers and name to the left, for a picture that writes there itself.
    fn without_left<'a, 'b>(&self, area: &'a Area<'b>) -> Result<Plot<'a, 'b>> {
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

/// A line through points; the points too where they are few, so that one alone is seen.
fn series(plot: &mut Plot<'_, '_>, points: &[(f64, f64)], ink: Ink, dots: bool) -> Result<()> {
    plot.draw_series(LineSeries::new(points.iter().copied(), ink.line(2)))
        .map_err(cannot_draw)?;
    if dots {
        plot.draw_series(points.iter().map(|point| Circle::new(*point, 3, ink.fill())))
            .map_err(cannot_draw)?;
    }
    Ok(())
}

/// A dashed line to compare with.
fn reference(plot: &mut Plot<'_, '_>, from: (f64, f64), to: (f64, f64)) -> Result<()> {
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
fn rows<'a>(names: &'a [&'a str], curves: &'a [Curve]) -> impl Iterator<Item = Vec<String>> + 'a {
    names.iter().zip(curves).flat_map(|(name, curve)| {
        let points = curve.points.iter();
        points.map(|(x, y)| vec![(*name).to_owned(), x.to_string(), y.to_string()])
    })
}

/// Curves in a square from (0, 0) to (1, 1): the first held out, the second test.
fn unit_square(
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
    fn pictures_follow_the_page_and_their_text_is_escaped() {
        let figure = Figure::draw("<b>", "a & \"b\"", (300, 200), |area| {
            unit_square(
                area,
                ("x", "y"),
                &[Curve::new(vec![(0.0, 0.0), (1.0, 1.0)])],
                None,
            )
        })
        .unwrap();
        let svg = figure.svg.unwrap();
        assert!(
            svg.starts_with("<svg role=\"img\" aria-label=\"&lt;b&gt;. a &amp; &quot;b&quot;\" viewBox"),
            "{svg}"
        );
        assert!(svg.contains("<title>&lt;b&gt;</title>"), "{svg}");
        assert!(svg.contains("stroke=\"var(--first)\""), "{svg}");
        assert!(svg.contains("fill=\"currentColor\""), "{svg}");
        assert!(!svg.contains("#0102"), "{svg}");
    }

    #[test]
    fn no_two_ticks_say_the_same() {
        let texts = |format: Ticks<'_>, range: Range<f64>, wanted: usize| -> Vec<String> {
            let axis: RangedCoordf64 = range.clone().into();
            let ticks = axis.key_points(BoldPoints(format.number(wanted, &range)));
            let texts = ticks.iter().map(|tick| format.text(*tick, &ticks));
            texts.filter(|text| !text.is_empty()).collect()
        };
        let ranges: [f64; 14] = [
            1e-5, 0.02, 0.3, 1.0, 1.06, 2.12, 3.0, 4.24, 7.5, 12.0, 25.0, 106.0, 1234.0, 1e6,
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
        assert_eq!(decimals(-0.0001, 2), "0.00");
    }

    #[test]
    fn long_curves_are_thinned_and_keep_their_ends() {
        let points: Vec<(f64, f64)> = (0..=100_000).map(|i| (f64::from(i), 0.0)).collect();
        let curve = Curve::new(points);
        assert!(curve.points.len() <= 402);
        assert_eq!(curve.points.first(), Some(&(0.0, 0.0)));
        assert_eq!(curve.points.last(), Some(&(100_000.0, 0.0)));
    }
}
