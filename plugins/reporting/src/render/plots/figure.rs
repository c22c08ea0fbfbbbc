//! A picture in the page: SVG that follows the page's light and dark face, its description, its numbers as CSV.

use base64::Engine;
use ichflow_api::error::{Error, Result, ResultExt};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::Ink;

/// Where a picture is drawn.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

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

pub(super) fn cannot_draw(error: impl std::fmt::Display) -> Error {
    Error::new(format!("a picture of the report cannot be drawn: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plots::curve::{Curve, unit_square};

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
}
