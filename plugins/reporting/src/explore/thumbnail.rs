//! A slice in small: 32 × 32 means, and a hash that says which slices look alike.

use std::f32::consts::PI;

use ichflow_api::data::pixels::HuImage;

/// Side of a thumbnail, in pixels.
pub(super) const SIDE: usize = 32;
/// Side of the square of low frequencies that the hash keeps.
const KEPT: usize = 8;

/// Means over 32 × 32 rectangles of a slice, cut to −100…200 HU: the head without its surroundings. Kept in
/// tenths of HU: there are many of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Thumbnail(Box<[i16]>);

impl Thumbnail {
    /// The thumbnail of a slice.
    pub(super) fn of(image: &HuImage) -> Self {
        let mut means = vec![0; SIDE * SIDE].into_boxed_slice();
        if image.rows == 0 || image.columns == 0 || image.hu.len() != image.rows * image.columns {
            return Self(means);
        }
        let edges = |length: usize, part: usize| (part * length / SIDE, ((part + 1) * length).div_ceil(SIDE));
        for row in 0..SIDE {
            let (top, bottom) = edges(image.rows, row);
            for column in 0..SIDE {
                let (left, right) = edges(image.columns, column);
                let sum: i64 = (top..bottom)
                    .flat_map(|line| &image.hu[line * image.columns + left..line * image.columns + right])
                    .map(|hu| i64::from((*hu).clamp(-100, 200)))
                    .sum();
                let mean = sum as f32 / ((bottom - top) * (right - left)) as f32;
                means[row * SIDE + column] = (10.0 * mean).round() as i16;
            }
        }
        Self(means)
    }

    /// The means, in HU.
    fn values(&self) -> impl Iterator<Item = f32> {
        self.0.iter().map(|tenths| f32::from(*tenths) / 10.0)
    }

    /// The perceptual hash: one bit for each of the 64 lowest frequencies of the discrete cosine transform,
    /// set where it lies above their median (Zauner 2010, "Implementation and benchmarking of perceptual
    /// image hash functions", the DCT hash).
    pub(super) fn hash(&self) -> u64 {
        let cosine = |frequency: usize, place: usize| {
            (PI / SIDE as f32 * (place as f32 + 0.5) * (frequency as f32 + 1.0)).cos()
        };
        let table: Vec<f32> = (0..KEPT)
            .flat_map(|frequency| (0..SIDE).map(move |place| cosine(frequency, place)))
            .collect();
        // Rows first, then columns: KEPT × SIDE, then KEPT × KEPT.
        let mut half = vec![0.0; KEPT * SIDE];
        for row in 0..SIDE {
            for frequency in 0..KEPT {
                half[frequency * SIDE + row] = (0..SIDE)
                    .map(|column| f32::from(self.0[row * SIDE + column]) * table[frequency * SIDE + column])
                    .sum();
            }
        }
        let mut kept: Vec<f32> = Vec::with_capacity(KEPT * KEPT);
        for across in 0..KEPT {
            for down in 0..KEPT {
                kept.push(
                    (0..SIDE)
                        .map(|row| half[across * SIDE + row] * table[down * SIDE + row])
                        .sum(),
                );
            }
        }
        let mut sorted = kept.clone();
        sorted.sort_by(f32::total_cmp);
        let median = (sorted[KEPT * KEPT / 2 - 1] + sorted[KEPT * KEPT / 2]) / 2.0;
        kept.iter()
            .enumerate()
            .fold(0, |hash, (bit, value)| hash | u64::from(*value > median) << bit)
    }

    /// Mean absolute difference from another, in HU.
    pub(super) fn distance(&self, other: &Self) -> f32 {
        let sum: f32 = self
            .values()
            .zip(other.values())
            .map(|(a, b)| (a - b).abs())
            .sum();
        sum / self.0.len() as f32
    }

    /// Standard deviation, in HU: a slice with nothing on it has none.
    pub(super) fn spread(&self) -> f32 {
        let count = self.0.len() as f32;
        let mean = self.values().sum::<f32>() / count;
        (self.values().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt()
    }

    /// Mean absolute difference between the left half and the mirrored right one, in HU.
    pub(super) fn asymmetry(&self) -> f32 {
        let sum: f32 = (0..SIDE)
            .flat_map(|row| (0..SIDE / 2).map(move |column| (row, column)))
            .map(|(row, column)| {
                let mirrored = self.0[row * SIDE + SIDE - 1 - column];
                f32::from(self.0[row * SIDE + column].abs_diff(mirrored)) / 10.0
            })
            .sum();
        sum / (SIDE * SIDE / 2) as f32
    }

    /// The middle of all that is no air, 0 to 1 from left and from top; 0.5 where there is nothing.
    pub(super) fn middle(&self) -> [f32; 2] {
        let (mut weight, mut x, mut y) = (0.0, 0.0, 0.0);
        for (place, value) in self.values().enumerate() {
            let tissue = value + 100.0;
            weight += tissue;
            x += tissue * ((place % SIDE) as f32 + 0.5);
            y += tissue * ((place / SIDE) as f32 + 0.5);
        }
        if weight > 0.0 {
            [x / weight / SIDE as f32, y / weight / SIDE as f32]
        } else {
            [0.5, 0.5]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(shift: i32, noise: i32) -> HuImage {
        let hu = (0..64 * 64)
            .map(|place| {
                let (x, y) = (place % 64 - 32, place / 64 - 32);
                let inside = x * x + y * y < 500 + 10 * shift;
                let blob = (x - 10) * (x - 10) + (y - shift) * (y - shift) < 60;
                let value = if blob {
                    70
                } else if inside {
                    35
                } else {
                    -1000
                };
                (value + (place * 31 % 7 - 3) * noise) as i16
            })
            .collect();
        HuImage {
            rows: 64,
            columns: 64,
            hu,
        }
    }

    #[test]
    fn noise_changes_little_and_another_head_much() {
        let (a, b, c) = (
            Thumbnail::of(&head(0, 0)),
            Thumbnail::of(&head(0, 3)),
            Thumbnail::of(&head(16, 0)),
        );
        let apart = |a: &Thumbnail, b: &Thumbnail| (a.hash() ^ b.hash()).count_ones();
        assert!(apart(&a, &b) <= 4, "{}", apart(&a, &b));
        assert!(apart(&a, &c) > 8, "{}", apart(&a, &c));
        assert!(a.distance(&b) < 4.0 && a.distance(&c) > 4.0);
        assert_eq!(a.distance(&a), 0.0);
    }

    #[test]
    fn odd_sizes_and_nothing_at_all_do_no_harm() {
        let small = HuImage {
            rows: 5,
            columns: 3,
            hu: vec![40; 15],
        };
        let flat = Thumbnail::of(&small);
        assert_eq!((flat.spread(), flat.asymmetry()), (0.0, 0.0));
        assert_eq!(flat.middle(), [0.5, 0.5]);
        let none = HuImage {
            rows: 0,
            columns: 0,
            hu: Vec::new(),
        };
        assert_eq!(Thumbnail::of(&none).hash(), Thumbnail::of(&none).hash());
    }
}
