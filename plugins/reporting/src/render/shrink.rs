//! HU of fewer pixels.

use ichflow_api::prelude::*;

/// Means over squares of pixels, as few as bring the longest side to `longest` or below, in HU.
pub(crate) fn shrunk(image: &HuImage, longest: usize) -> HuImage {
    let factor = image.rows.max(image.columns).div_ceil(longest.max(1)).max(1);
    if factor == 1 || image.hu.len() != image.rows * image.columns {
        return image.clone();
    }
    let (rows, columns) = ((image.rows / factor).max(1), (image.columns / factor).max(1));
    let mut hu = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for column in 0..columns {
            let (mut sum, mut count) = (0_i64, 0_i64);
            for line in row * factor..((row + 1) * factor).min(image.rows) {
                let start = line * image.columns;
                for place in column * factor..((column + 1) * factor).min(image.columns) {
                    sum += i64::from(image.hu[start + place]);
                    count += 1;
                }
            }
            hu.push((sum as f64 / count.max(1) as f64).round() as i16);
        }
    }
    HuImage { rows, columns, hu }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_averaged_down_in_hounsfield_units() {
        let image = HuImage {
            rows: 2,
            columns: 4,
            hu: vec![0, 2, 10, 10, 4, 6, 10, 11],
        };
        let small = shrunk(&image, 2);
        assert_eq!((small.rows, small.columns, small.hu), (1, 2, vec![3, 10]));
        assert_eq!(shrunk(&image, 4), image);
    }
}
