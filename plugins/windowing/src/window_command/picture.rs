//! The picture: a row for each slice and scheme, channels side by side, with a line of text above.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_7X13;
use embedded_graphics::pixelcolor::{Gray8, GrayColor as _};
use embedded_graphics::prelude::{DrawTarget, Drawable, Pixel};
use embedded_graphics::text::{Baseline, Text};
use ichflow_api::prelude::*;

use super::Channels;

/// Space around images, in pixels.
const MARGIN: usize = 6;
/// Height of a line of text.
const LINE: usize = 15;
/// Width of a letter.
const LETTER: usize = 7;
/// Brightness of the paper and of the text.
const PAPER: u8 = 255;

/// One slice through one scheme.
pub(super) struct Row {
    /// The line above.
    pub title: String,
    /// What to show.
    pub images: Channels,
}

/// All rows.
pub(super) struct Sheet {
    /// From top to bottom.
    pub rows: Vec<Row>,
    tile: usize,
}

impl Sheet {
    /// A sheet whose images have a longer side of `tile` pixels.
    pub(super) fn new(tile: usize) -> Self {
        Self {
            rows: Vec::new(),
            tile,
        }
    }

    /// Writes the picture as a PNG.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let canvas = self.draw();
        let file = File::create(path).at("create", path)?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), canvas.width as u32, canvas.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header().at("write", path)?;
        writer.write_image_data(&canvas.pixels).at("write", path)?;
        writer.finish().at("write", path)
    }

    fn draw(&self) -> Canvas {
        let rows: Vec<(&Row, Vec<Tile>)> = self
            .rows
            .iter()
            .map(|row| (row, tiles(&row.images, self.tile)))
            .collect();
        let across = |(row, tiles): &(&Row, Vec<Tile>)| {
            let images: usize = tiles.iter().map(|tile| tile.columns + MARGIN).sum();
            (images + MARGIN).max(row.title.chars().count() * LETTER + 2 * MARGIN)
        };
        let down = |(_, tiles): &(&Row, Vec<Tile>)| {
            2 * LINE + 2 * MARGIN + tiles.iter().map(|tile| tile.rows).max().unwrap_or(0)
        };
        let width = rows.iter().map(across).max().unwrap_or(1);
        let height = rows.iter().map(down).sum::<usize>() + MARGIN;
        let mut canvas = Canvas::new(width, height.max(1));
        let mut top = MARGIN;
        for row in &rows {
            canvas.text(&row.0.title, MARGIN, top);
            let mut left = MARGIN;
            for tile in &row.1 {
                canvas.text(&tile.label, left, top + LINE);
                canvas.image(tile, left, top + 2 * LINE);
                left += tile.columns + MARGIN;
            }
            top += down(row);
        }
        canvas
    }
}

/// One image of a row, RGB.
struct Tile {
    label: String,
    pixels: Vec<[u8; 3]>,
    rows: usize,
    columns: usize,
}

/// Three channels in colour, where there are three, and then each channel in grey.
fn tiles(images: &Channels, longest: usize) -> Vec<Tile> {
    let small: Vec<Shrunk> = (0..images.count)
        .map(|index| shrink(images.channel(index), images.rows, images.columns, longest))
        .collect();
    let tile = |label: String, of: [&Shrunk; 3]| {
        let [red, green, blue] = of;
        let bytes = red.values.iter().zip(&green.values).zip(&blue.values);
        Tile {
            label,
            pixels: bytes.map(|((r, g), b)| [byte(*r), byte(*g), byte(*b)]).collect(),
            rows: red.rows,
            columns: red.columns,
        }
    };
    let mut tiles = Vec::new();
    if let [red, green, blue] = small.as_slice() {
        tiles.push(tile("1-3 as colours".into(), [red, green, blue]));
    }
    for (index, grey) in small.iter().enumerate() {
        let values = images.channel(index);
        let (least, greatest) = values.iter().fold((f32::MAX, f32::MIN), |(l, g), value| {
            (l.min(*value), g.max(*value))
        });
        let range = format!("{} · {least:.2} to {greatest:.2}", index + 1);
        tiles.push(tile(range, [grey, grey, grey]));
    }
    for tile in &mut tiles {
        // A label does not run into the next image.
        tile.label = tile.label.chars().take(tile.columns / LETTER).collect();
    }
    tiles
}

/// 0 is black and 1 white; what lies outside is the nearer of them.
fn byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

struct Shrunk {
    values: Vec<f32>,
    rows: usize,
    columns: usize,
}

/// Means over blocks, so that the longer side is `longest`; smaller images stay.
fn shrink(values: &[f32], rows: usize, columns: usize, longest: usize) -> Shrunk {
    let side = rows.max(columns);
    let (to_rows, to_columns) = if side <= longest {
        (rows, columns)
    } else {
        let scaled = |size: usize| (size * longest / side).max(1);
        (scaled(rows), scaled(columns))
    };
    let span = |index: usize, from: usize, to: usize| index * from / to..((index + 1) * from).div_ceil(to);
    let mut small = Vec::with_capacity(to_rows * to_columns);
    for row in 0..to_rows {
        for column in 0..to_columns {
            let (down, across) = (span(row, rows, to_rows), span(column, columns, to_columns));
            let count = down.len() * across.len();
            let sum: f32 = down
                .map(|y| {
                    values
                        .get(y * columns + across.start..y * columns + across.end)
                        .map_or(0.0, |block| block.iter().sum::<f32>())
                })
                .sum();
            small.push(sum / count as f32);
        }
    }
    Shrunk {
        values: small,
        rows: to_rows,
        columns: to_columns,
    }
}

/// Paper to draw on, RGB.
struct Canvas {
    pixels: Vec<u8>,
    width: usize,
    height: usize,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self {
            pixels: vec![PAPER; width * height * 3],
            width,
            height,
        }
    }

    fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        if x < self.width
            && let Some(pixel) = self
                .pixels
                .get_mut((y * self.width + x) * 3..(y * self.width + x) * 3 + 3)
        {
            pixel.copy_from_slice(&colour);
        }
    }

    fn image(&mut self, tile: &Tile, left: usize, top: usize) {
        for (index, colour) in tile.pixels.iter().enumerate() {
            self.set(left + index % tile.columns, top + index / tile.columns, *colour);
        }
    }

    fn text(&mut self, text: &str, left: usize, top: usize) {
        let style = MonoTextStyle::new(&FONT_7X13, Gray8::BLACK);
        let at = Point::new(left as i32, top as i32);
        // Drawing on a canvas cannot fail.
        let _ = Text::with_baseline(text, at, style, Baseline::Top).draw(self);
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Canvas {
    type Color = Gray8;
    type Error = std::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Gray8>>>(&mut self, pixels: I) -> Result<(), Self::Error> {
        for Pixel(at, colour) in pixels {
            if let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y)) {
                self.set(x, y, [colour.luma(); 3]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(count: usize) -> Channels {
        Channels {
            values: (0..count * 8).map(|value| value as f32 / 8.0).collect(),
            count,
            rows: 2,
            columns: 4,
        }
    }

    #[test]
    fn shrinking_takes_means_and_keeps_the_shape() {
        let small = shrink(&ramp(1).values, 2, 4, 2);
        assert_eq!((small.rows, small.columns), (1, 2));
        // Means of 0, 1, 4, 5 and of 2, 3, 6, 7, in eighths.
        assert_eq!(small.values, [2.5 / 8.0, 4.5 / 8.0]);
        assert_eq!(shrink(&ramp(1).values, 2, 4, 9).values, ramp(1).values);
    }

    #[test]
    fn three_channels_are_shown_in_colour_too() {
        assert_eq!(tiles(&ramp(3), 4).len(), 4);
        assert_eq!(tiles(&ramp(9), 4).len(), 9);
        let colour = &tiles(&ramp(3), 4)[0].pixels[1];
        assert_eq!(*colour, [byte(0.125), 255, 255]);
    }

    #[test]
    fn a_picture_is_a_png_of_its_rows() {
        let mut sheet = Sheet::new(64);
        for title in ["bsb · 1", "gradient · 1"] {
            sheet.rows.push(Row {
                title: title.into(),
                images: ramp(1),
            });
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sheet.png");
        sheet.write(&path).unwrap();
        let reader = png::Decoder::new(std::io::BufReader::new(File::open(&path).unwrap()));
        let info = reader.read_info().unwrap();
        let canvas = sheet.draw();
        assert_eq!(
            (info.info().width as usize, info.info().height as usize),
            (canvas.width, canvas.height)
        );
        assert_eq!(canvas.height, 2 * (2 * LINE + 2 * MARGIN + 2) + MARGIN);
        assert!(canvas.pixels.contains(&0), "there is text");
    }
}
