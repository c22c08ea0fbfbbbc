//! By what images that look alike are found without reading them again.

use std::f32::consts::PI;
use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::pixels::HuImage;

/// Side of the small image that is looked at.
const SIDE: usize = 32;
/// Frequencies of rows and of columns that are kept.
const KEPT: usize = 16;
/// Brain, blood and fluid count whole from 35 HU within these bounds, less towards them, and what lies outside not at all:
/// by their skulls all heads are alike, and weights without a step change little when all values shift.
const BOUNDS: (f32, f32) = (-40.0, 110.0);
/// Where brain and what lies in it is looked for, in HU, however bright.
const TISSUE: Range<f32> = 0.0..80.0;
/// The median of a head's soft tissue, in HU.
const USUAL: f32 = 35.0;
/// Width of the slopes, in HU.
const SLOPE: f32 = 35.0;
/// Side of the grid whose means are weighed: they have little noise, and are the same of images of any size.
const GRID: usize = 2 * SIDE;
/// Its cells along a cell of the small image.
const EACH: usize = GRID / SIDE;
/// Share of a whole image's weight below which there is nothing to compare.
const LEAST: f32 = 0.08;
/// From where on a coefficient counts as above 0: what an image has nothing of stays below, whatever its noise. It is a sum
/// over the small image, in HU.
const ABOVE: f32 = 20.0;

/// A perceptual hash of an image in HU: a bit for each of the 255 lowest frequencies of the discrete cosine transform of
/// its soft tissue in small (32 × 32) but the mean itself, set where the coefficient is clearly above 0 (after Zauner 2010,
/// "Implementation and benchmarking of perceptual image hash functions", with finer frequencies and without bone). On
/// phantoms of 256 pixels half the size changes 1 bit in the median and 5 at most, values rounded to 4 HU 1 and 7, a shift of
/// all values by 6 HU none and 1; another patient's head has 66 others at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Likeness([u64; 4]);

impl Likeness {
    /// Number of bits.
    pub const BITS: usize = KEPT * KEPT;
    /// Number of groups of bits, see [`band`](Self::band).
    pub const BANDS: usize = KEPT;

    /// The hash of an image; none of one on which there is nothing.
    pub fn of(image: &HuImage) -> Option<Self> {
        let means = soft_tissue(image)?;
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

/// Soft tissue over 32 × 32 rectangles, as differences from its mean, in HU; none where there is next to none.
fn soft_tissue(image: &HuImage) -> Option<Vec<f32>> {
    let small = means(image)?;
    let brighter = brighter(&small);
    // Sums of weights, and of weighted values.
    let mut sums = [[0.0_f32; 2]; SIDE * SIDE];
    for (place, hu) in small.iter().map(|hu| hu - brighter).enumerate() {
        let weight = (hu - BOUNDS.0).min(BOUNDS.1 - hu).clamp(0.0, SLOPE) / SLOPE;
        let part = place / GRID / EACH * SIDE + place % GRID / EACH;
        sums[part][0] += weight;
        sums[part][1] += weight * hu;
    }
    let [weight, weighted] = sums.iter().fold([0.0_f32; 2], |total, [weight, weighted]| {
        [total[0] + weight, total[1] + weighted]
    });
    if weight < LEAST * small.len() as f32 {
        return None;
    }
    let mean = weighted / weight;
    let difference = |[weight, weighted]: &[f32; 2]| (weighted - mean * weight) / (EACH * EACH) as f32;
    Some(sums.iter().map(difference).collect())
}

/// By how many HU the brain is brighter than usual: a copy may have all values shifted, and is weighed alike then.
fn brighter(means: &[f32]) -> f32 {
    let mut tissue: Vec<f32> = means.iter().copied().filter(|hu| TISSUE.contains(hu)).collect();
    let middle = tissue.len() / 2;
    if tissue.is_empty() {
        return 0.0;
    }
    let (_, median, _) = tissue.select_nth_unstable_by(middle, f32::total_cmp);
    *median - USUAL
}

/// Means over 64 × 64 rectangles, in HU; none of no image. Pixels that lie in two count for their share in each: an image
/// of another size has the same means.
fn means(image: &HuImage) -> Option<Vec<f32>> {
    let (rows, columns) = (image.rows, image.columns);
    if rows == 0 || columns == 0 || image.hu.len() != rows * columns {
        return None;
    }
    // What lies outside the scan circle is air.
    let air = |hu: &i16| i32::from(*hu).max(-1000);
    let along: Vec<Span> = (0..GRID).map(|part| Span::of(part, columns)).collect();
    let area = (rows * columns) as f32 / (GRID * GRID) as f32;
    let mut means = vec![0.0_f32; GRID * GRID];
    for part in 0..GRID {
        let down = Span::of(part, rows);
        let whole = down.whole.clone().map(|row| (row, 1.0));
        for (row, share_of_row) in whole.chain(down.edges.into_iter().flatten()) {
            let values = &image.hu[row * columns..(row + 1) * columns];
            for (mean, span) in means[part * GRID..].iter_mut().zip(&along) {
                let whole: i32 = values[span.whole.clone()].iter().map(air).sum();
                let edges = span.edges.iter().flatten();
                let edges: f32 = edges
                    .map(|(place, share)| share * air(&values[*place]) as f32)
                    .sum();
                *mean += share_of_row * (whole as f32 + edges) / area;
            }
        }
    }
    Some(means)
}

/// What a part of 64 takes of a row of pixels.
struct Span {
    /// Pixels that lie in it whole.
    whole: Range<usize>,
    /// Those that lie in it with a share.
    edges: [Option<(usize, f32)>; 2],
}

impl Span {
    fn of(part: usize, length: usize) -> Self {
        let [low, high] = [part, part + 1].map(|edge| (edge * length) as f32 / GRID as f32);
        let (first, last) = (low.ceil() as usize, high.floor() as usize);
        if first > last {
            // Within one pixel.
            return Self {
                whole: 0..0,
                edges: [Some((last, high - low)), None],
            };
        }
        let (before, after) = (first as f32 - low, high - last as f32);
        Self {
            whole: first..last,
            edges: [
                (before > 0.0).then(|| (first - 1, before)),
                (after > 0.0).then_some((last, after)),
            ],
        }
    }
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
        // Waves of all kinds, as folds and ventricles are.
        let brain = |x: f32, y: f32, kind: f32| -> f32 {
            let waves = (1..9).map(|k| {
                let k = k as f32;
                (x / (2.0 + k) + kind * k).sin() * (y / (11.0 - k) + 1.7 * kind * k).cos()
            });
            36.0 + 9.0 * waves.sum::<f32>()
        };
        let head = |x: f32, y: f32, kind: f32| match x.hypot(y) {
            radius if radius < 50.0 => brain(x, y, kind),
            radius if radius < 55.0 => 1000.0,
            _ => -1000.0,
        };
        let hash = |image: HuImage| Likeness::of(&image).unwrap();
        let plain = hash(image(|x, y| head(x, y, 1.0)));
        let grainy = hash(image(|x, y| {
            head(x, y, 1.0) + (x * 31.0 + y * 17.0).rem_euclid(7.0) - 3.0
        }));
        let brighter = hash(image(|x, y| head(x, y, 1.0) + 6.0));
        let other = hash(image(|x, y| head(x, y, 2.0)));
        assert!(plain.distance(&grainy) <= 16, "{}", plain.distance(&grainy));
        assert!(plain.distance(&brighter) <= 24, "{}", plain.distance(&brighter));
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
    fn parts_take_all_of_a_row_whatever_its_length() {
        for length in [1, 5, 31, 32, 33, 48, 96, 374, 512, 768] {
            let mut shares = vec![0.0_f32; length];
            for part in 0..GRID {
                let span = Span::of(part, length);
                span.whole.clone().for_each(|place| shares[place] += 1.0);
                for (place, share) in span.edges.into_iter().flatten() {
                    shares[place] += share;
                }
            }
            assert!(
                shares.iter().all(|share| (share - 1.0).abs() < 1e-4),
                "{length}: {shares:?}"
            );
        }
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
