//! Bringing slices of any size to one square size.

use ichflow_api::prelude::*;
use ichflow_api::resample::{Span, weights};

/// What pads a slice to a square, in HU.
const AIR_HU: i16 = -1000;

/// Pads a slice to a square with air, the slice in the middle, and resamples it to `size × size` pixels;
/// values are rounded to whole HU.
pub fn fit(image: &HuImage, size: usize) -> HuImage {
    let side = image.rows.max(image.columns);
    if side == 0 || (image.rows, image.columns) == (size, size) {
        return image.clone();
    }
    let square = pad(image, side);
    let bands = bands(side, size);
    // Rows first: half the work of columns first when shrinking, since whole rows are added up.
    let mut narrow = vec![0.0_f32; size * side];
    for (out, band) in narrow.chunks_exact_mut(side).zip(&bands) {
        for (offset, weight) in band.weights.iter().enumerate() {
            let row = &square[(band.first + offset) * side..][..side];
            for (sum, value) in out.iter_mut().zip(row) {
                *sum += weight * f32::from(*value);
            }
        }
    }
    let mut hu = Vec::with_capacity(size * size);
    for row in narrow.chunks_exact(side) {
        for band in &bands {
            let values = &row[band.first..][..band.weights.len()];
            let sum: f32 = values
                .iter()
                .zip(&band.weights)
                .map(|(value, weight)| value * weight)
                .sum();
            hu.push(sum.round() as i16);
        }
    }
    HuImage {
        rows: size,
        columns: size,
        hu,
    }
}

fn pad(image: &HuImage, side: usize) -> Vec<i16> {
    if image.rows == image.columns {
        return image.hu.clone();
    }
    let (top, left) = ((side - image.rows) / 2, (side - image.columns) / 2);
    let mut square = vec![AIR_HU; side * side];
    for (index, row) in image.hu.chunks_exact(image.columns).enumerate() {
        square[(top + index) * side + left..][..image.columns].copy_from_slice(row);
    }
    square
}

/// The weights of one output value that are not zero.
struct Band {
    first: usize,
    weights: Vec<f32>,
}

fn bands(input: usize, output: usize) -> Vec<Band> {
    weights(Span::whole(input), input, output)
        .chunks_exact(input)
        .map(|row| {
            let first = row.iter().position(|weight| *weight != 0.0).unwrap_or(0);
            let last = row.iter().rposition(|weight| *weight != 0.0).unwrap_or(0);
            Band {
                first,
                weights: row[first..=last].to_vec(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(rows: usize, columns: usize, hu: impl Fn(usize, usize) -> i16) -> HuImage {
        let at = |index| hu(index / columns, index % columns);
        HuImage {
            rows,
            columns,
            hu: (0..rows * columns).map(at).collect(),
        }
    }

    #[test]
    fn even_images_stay_even_at_any_size() {
        for (from, to) in [(512, 256), (374, 256), (64, 100), (5, 8)] {
            let resized = fit(&image(from, from, |_, _| 40), to);
            assert_eq!(resized.hu, vec![40; to * to], "{from} to {to}");
        }
    }

    #[test]
    fn the_mean_is_kept_when_shrinking() {
        let original = image(64, 64, |row, column| ((row * 7 + column * 13) % 100) as i16);
        let mean =
            |image: &HuImage| image.hu.iter().map(|hu| f64::from(*hu)).sum::<f64>() / image.hu.len() as f64;
        let difference = mean(&original) - mean(&fit(&original, 32));
        assert!(difference.abs() < 0.5, "{difference}");
    }

    #[test]
    fn oblong_images_are_padded_with_air_on_both_sides() {
        let padded = fit(&image(4, 2, |_, _| 40), 4);
        assert_eq!(padded.hu[..4], [-1000, 40, 40, -1000]);
        assert_eq!((padded.rows, padded.columns), (4, 4));
    }

    #[test]
    fn the_right_size_is_left_alone() {
        let original = image(8, 8, |row, column| (row * column) as i16 - 3024);
        assert_eq!(fit(&original, 8), original);
    }
}
