//! A windowed slice, as a PNG inside the page.

use base64::Engine;
use ichflow_api::prelude::*;

/// The first of some images `[batch, channels, height, width]`, at most `longest` pixels a side. Three
/// channels become red, green and blue; one becomes grey; of more the first three are shown.
pub(crate) fn picture(images: Tensor<4>, longest: usize) -> Result<String> {
    Ok(data_uri(&bytes(images, longest)?.png()?))
}

/// A PNG that stands in the page itself.
pub(crate) fn data_uri(png: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(png);
    format!("data:image/png;base64,{text}")
}

/// What [`picture`] shows, as red, green and blue of each pixel, with height and width.
pub(crate) fn colours(images: Tensor<4>, longest: usize) -> Result<(Vec<u8>, usize, usize)> {
    let bytes = bytes(images, longest)?;
    let colours = match bytes.shown {
        3 => bytes.values,
        _ => bytes.values.into_iter().flat_map(|grey| [grey; 3]).collect(),
    };
    Ok((colours, bytes.rows, bytes.columns))
}

fn bytes(images: Tensor<4>, longest: usize) -> Result<Bytes> {
    let [_, channels, rows, columns] = images.dims();
    let values = images
        .into_data()
        .convert::<f32>()
        .try_to_vec::<f32>()
        .map_err(|error| Error::new(format!("the image cannot be read from the device: {error:?}")))?;
    let shown = if channels >= 3 { 3 } else { 1 };
    let image = Planes {
        values: &values[..(shown * rows * columns).min(values.len())],
        shown,
        rows,
        columns,
    };
    Ok(image.shrunk(longest))
}

/// Channels one after the other.
struct Planes<'a> {
    values: &'a [f32],
    shown: usize,
    rows: usize,
    columns: usize,
}

/// Bytes, channels side by side in each pixel.
struct Bytes {
    values: Vec<u8>,
    shown: usize,
    rows: usize,
    columns: usize,
}

impl Planes<'_> {
    /// Means over squares of pixels, as few as bring the longest side to `longest` or below.
    fn shrunk(&self, longest: usize) -> Bytes {
        let factor = self.rows.max(self.columns).div_ceil(longest.max(1)).max(1);
        let (rows, columns) = ((self.rows / factor).max(1), (self.columns / factor).max(1));
        let (low, high) = self.range();
        let mut bytes = Vec::with_capacity(rows * columns * self.shown);
        for row in 0..rows {
            for column in 0..columns {
                for plane in 0..self.shown {
                    let mean = self.mean(plane, row * factor, column * factor, factor);
                    bytes.push((255.0 * ((mean - low) / (high - low)).clamp(0.0, 1.0)).round() as u8);
                }
            }
        }
        Bytes {
            values: bytes,
            shown: self.shown,
            rows,
            columns,
        }
    }

    /// Windows give 0 to 1; one that does not is stretched, so that there is something to see.
    fn range(&self) -> (f32, f32) {
        let finite = || self.values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = (
            finite().fold(f32::INFINITY, f32::min),
            finite().fold(f32::NEG_INFINITY, f32::max),
        );
        let outside = low < -0.01 || high > 1.01;
        if outside && high > low {
            (low, high)
        } else {
            (0.0, 1.0)
        }
    }

    fn mean(&self, plane: usize, top: usize, left: usize, side: usize) -> f32 {
        let (mut sum, mut count) = (0.0, 0.0);
        for row in top..(top + side).min(self.rows) {
            for column in left..(left + side).min(self.columns) {
                sum += self.values[(plane * self.rows + row) * self.columns + column];
                count += 1.0;
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }
}

impl Bytes {
    fn png(&self) -> Result<Vec<u8>> {
        let colours = match self.shown {
            3 => png::ColorType::Rgb,
            _ => png::ColorType::Grayscale,
        };
        png_of(&self.values, self.rows, self.columns, colours)
    }
}

/// Bytes of pixels, row by row, as a PNG.
pub(crate) fn png_of(bytes: &[u8], rows: usize, columns: usize, colours: png::ColorType) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, columns as u32, rows as u32);
    encoder.set_color(colours);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().doing("cannot write a PNG")?;
    writer.write_image_data(bytes).doing("cannot write a PNG")?;
    writer.finish().doing("cannot write a PNG")?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_become_pixels_and_are_averaged_down() {
        let values = [0.0, 1.0, 1.0, 0.0, 0.5, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0];
        let planes = Planes {
            values: &values,
            shown: 3,
            rows: 2,
            columns: 2,
        };
        assert_eq!(planes.shrunk(2).values[..3], [0, 128, 255]);
        let one = planes.shrunk(1);
        assert_eq!((one.rows, one.columns), (1, 1));
        assert_eq!(one.values, [128, 128, 255]);
    }

    #[test]
    fn values_outside_zero_to_one_are_stretched_and_constants_do_no_harm() {
        let bytes = |values: &[f32]| {
            Planes {
                values,
                shown: 1,
                rows: 1,
                columns: values.len(),
            }
            .shrunk(9)
            .values
        };
        assert_eq!(bytes(&[-2.0, 0.0, 2.0]), [0, 128, 255]);
        assert_eq!(bytes(&[5.0, 5.0]), [255, 255]);
        assert_eq!(bytes(&[0.0, f32::NAN]), [0, 0]);
    }
}
