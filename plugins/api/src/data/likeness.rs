//! By what images that look alike are found without reading them again.

use std::f32::consts::PI;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::pixels::HuImage;

/// Side of the small image that is looked at.
const SIDE: usize = 32;
/// Frequencies of rows and of columns that are kept.
const KEPT: usize = 16;
/// Range that is looked at, in HU: the head without what lies around it.
const RANGE: (i16, i16) = (-100, 200);
/// From where on a coefficient counts as above 0: what an image has nothing of stays there, whatever its noise. It is the sum
/// over the small image, in HU.
const ABOVE: f32 = 40.0;
/// A small image flatter than this shows nothing that could be alike, in HU.
const FLAT_HU: f32 = 10.0;

/// A perceptual hash of an image in HU: a bit for each of the 255 lowest frequencies of the discrete cosine transform of
/// its 32 × 32 means but the mean itself, set where the coefficient is clearly above 0 (after Zauner 2010, "Implementation and
/// benchmarking of perceptual image hash functions", with finer frequencies: heads are much alike in coarse ones). Another
/// file format, lossy compression, another size of the image and a shift of all values change few bits; another
/// patient's head has some hundred others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Likeness([u64; 4]);

impl Likeness {
    /// Number of bits.
    pub const BITS: usize = KEPT * KEPT;
    /// Number of groups of bits, see [`band`](Self::band).
    pub const BANDS: usize = KEPT;

    /// The hash of an image; none of one on which there is nothing.
    pub fn of(image: &HuImage) -> Option<Self> {
        let means = means(image)?;
        let spread = {
            let mean = means.iter().sum::<f32>() / means.len() as f32;
            (means.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / means.len() as f32).sqrt()
        };
        if spread < FLAT_HU {
            return None;
        }
        let table: Vec<f32> = (0..KEPT)
            .flat_map(|frequency| {
                (0..SIDE).map(move |place| (PI / SIDE as f32 * (place as f32 + 0.5) * frequency as f32).cos())
            })
            .collect();
        let cosine = |frequency: usize| &table[frequency * SIDE..(frequency + 1) * SIDE];
        // Along rows first, then along columns.
        let mut half = [[0.0_f32; SIDE]; KEPT];
        for (row, line) in means.chunks_exact(SIDE).enumerate() {
            for (frequency, half) in half.iter_mut().enumerate() {
                half[row] = line
                    .iter()
                    .zip(cosine(frequency))
                    .map(|(value, cos)| value * cos)
                    .sum();
            }
        }
        let mut bits = [0_u64; 4];
        for down in 0..KEPT {
            for (along, half) in half.iter().enumerate() {
                let value: f32 = half
                    .iter()
                    .zip(cosine(down))
                    .map(|(value, cos)| value * cos)
                    .sum();
                let bit = down * KEPT + along;
                if bit > 0 && value > ABOVE {
                    bits[bit / 64] |= 1 << (bit % 64);
                }
            }
        }
        Some(Self(bits))
    }

    /// In how many bits two hashes differ.
    pub fn distance(&self, other: &Self) -> u32 {
        let words = self.0.iter().zip(&other.0);
        words.map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// One of [`BANDS`](Self::BANDS) groups of 16 bits, each of coarse and fine frequencies alike: of two hashes that
    /// differ in fewer bits than there are groups, one group is the same.
    pub fn band(&self, band: usize) -> u16 {
        let mut value = 0;
        for down in 0..KEPT {
            let bit = down * KEPT + (band + KEPT - down) % KEPT;
            value |= ((self.0[bit / 64] >> (bit % 64) & 1) as u16) << down;
        }
        value
    }
}

/// Means over 32 × 32 rectangles, in HU; none of no image. Pixels that lie in two count for their share in each, so that
/// another size of the image changes little.
fn means(image: &HuImage) -> Option<Vec<f32>> {
    let (rows, columns) = (image.rows, image.columns);
    if rows == 0 || columns == 0 || image.hu.len() != rows * columns {
        return None;
    }
    let down = parts(rows);
    let along = parts(columns);
    let mut means = vec![0.0; SIDE * SIDE];
    let mut line = [0.0_f32; SIDE];
    for (row, values) in image.hu.chunks_exact(columns).enumerate() {
        line.fill(0.0);
        for (hu, shares) in values.iter().zip(&along) {
            let hu = f32::from((*hu).clamp(RANGE.0, RANGE.1));
            for (part, share) in shares {
                line[*part] += share * hu;
            }
        }
        for (part, share) in &down[row] {
            for (mean, value) in means[part * SIDE..].iter_mut().zip(&line) {
                *mean += share * value;
            }
        }
    }
    Some(means)
}

/// For each of `length` pixels the parts of 32 that it lies in, with its share of each.
fn parts(length: usize) -> Vec<Vec<(usize, f32)>> {
    let size = length as f32 / SIDE as f32;
    let of_pixel = |pixel: usize| {
        let (begin, end) = (pixel as f32, (pixel + 1) as f32);
        let share = |part: usize| {
            let (low, high) = (part as f32 * size, (part + 1) as f32 * size);
            (high.min(end) - low.max(begin)) / size
        };
        let first = pixel * SIDE / length;
        let last = ((pixel + 1) * SIDE).div_ceil(length).min(SIDE);
        let shares = (first..last).map(|part| (part, share(part)));
        shares.filter(|(_, share)| *share > 1e-6).collect()
    };
    (0..length).map(of_pixel).collect()
}

impl Serialize for Likeness {
    /// As 64 hexadecimal digits.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [a, b, c, d] = self.0;
        serializer.serialize_str(&format!("{a:016x}{b:016x}{c:016x}{d:016x}"))
    }
}

impl<'de> Deserialize<'de> for Likeness {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let word = |part: usize| {
            let digits = text.get(16 * part..16 * (part + 1))?;
            u64::from_str_radix(digits, 16).ok()
        };
        let words = [word(0), word(1), word(2), word(3)];
        match words {
            [Some(a), Some(b), Some(c), Some(d)] if text.len() == 64 => Ok(Self([a, b, c, d])),
            _ => Err(serde::de::Error::custom("a likeness is 64 hexadecimal digits")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(value: impl Fn(f32, f32) -> f32) -> HuImage {
        let hu = (0..128 * 128)
            .map(|place| value((place % 128) as f32 - 63.5, (place / 128) as f32 - 63.5) as i16)
            .collect();
        HuImage {
            rows: 128,
            columns: 128,
            hu,
        }
    }

    #[test]
    fn the_same_shifted_and_grainy_is_alike_and_something_else_is_not() {
        let head = |x: f32, y: f32| {
            if x.hypot(y) < 40.0 {
                35.0 + 20.0 * (x / 9.0).sin() * (y / 7.0).cos()
            } else {
                -1000.0
            }
        };
        let hash = |image: HuImage| Likeness::of(&image).unwrap();
        let plain = hash(image(head));
        let grainy = hash(image(|x, y| {
            head(x, y) + (x * 31.0 + y * 17.0).rem_euclid(7.0) - 3.0
        }));
        let brighter = hash(image(|x, y| head(x, y) + 6.0));
        let other = hash(image(|x, y| {
            head(x * 0.9 + 4.0, y * 1.1) + 15.0 * (x / 5.0).cos()
        }));
        assert!(plain.distance(&grainy) <= 8, "{}", plain.distance(&grainy));
        assert!(plain.distance(&brighter) <= 8, "{}", plain.distance(&brighter));
        assert!(plain.distance(&other) > 40, "{}", plain.distance(&other));
    }

    #[test]
    fn nothing_is_like_nothing() {
        assert_eq!(Likeness::of(&image(|_, _| -1000.0)), None);
        let none = HuImage {
            rows: 0,
            columns: 0,
            hu: Vec::new(),
        };
        assert_eq!(Likeness::of(&none), None);
    }

    #[test]
    fn every_bit_stands_in_one_band_and_text_reads_back() {
        let mut counts = [0; Likeness::BANDS];
        for bit in 0..Likeness::BITS {
            let mut words = [0; 4];
            words[bit / 64] = 1 << (bit % 64);
            let one = Likeness(words);
            let set: u32 = (0..Likeness::BANDS).map(|band| one.band(band).count_ones()).sum();
            assert_eq!(set, 1);
            for (band, count) in counts.iter_mut().enumerate() {
                *count += one.band(band).count_ones();
            }
        }
        assert_eq!(counts, [16; Likeness::BANDS]);
        let hash = Likeness([1, 2, 3, u64::MAX]);
        let text = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<Likeness>(&text).unwrap(), hash);
        assert!(serde_json::from_str::<Likeness>("\"12\"").is_err());
    }
}
