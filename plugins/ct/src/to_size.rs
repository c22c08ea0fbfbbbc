//! Bringing slices of any size to one square size.

use std::cell::RefCell;
use std::ops::Range;

use fearless_simd::{Level, dispatch};
use ichflow_api::data::axis_weights::{Span, weights};
use ichflow_api::data::pixels::Shown;
use ichflow_api::prelude::*;

/// What pads a slice to a square, in HU.
const AIR_HU: i16 = -1000;
/// Added to a small number, it leaves no room for digits behind the point: 1.5 × 2²³.
const ROUNDING: f32 = 12_582_912.0;

/// What is done to each slice so that all have one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ToSize {
    /// Side of the square kept around the middle, in pixels; none: all of the slice.
    pub crop: Option<usize>,
    /// Height and width afterwards, in pixels; none: as they are.
    pub size: Option<usize>,
}

impl ToSize {
    /// What is known of slices afterwards, of what is known of them before.
    pub(crate) fn describe(self, before: Description) -> Description {
        match self.size.or(self.crop) {
            Some(side) => Description::new().size(side, side),
            None => before,
        }
    }

    /// Which part of a slice is shown afterwards, of which is shown before.
    pub(crate) fn shown(self, before: Shown) -> Shown {
        let side = match (self.crop, self.size) {
            (None, None) => return before,
            (Some(crop), _) => crop,
            (None, Some(_)) => before.rows.max(before.columns),
        };
        // As `framed` has it: halves of pixels are cut off and added below and to the right.
        let begin = |length: usize| {
            (length.saturating_sub(side) / 2) as f64 - (side.saturating_sub(length) / 2) as f64
        };
        let down = before.height / before.rows.max(1) as f64;
        let right = before.width / before.columns.max(1) as f64;
        let size = self.size.unwrap_or(side);
        Shown {
            rows: size,
            columns: size,
            top: before.top + begin(before.rows) * down,
            left: before.left + begin(before.columns) * right,
            height: side as f64 * down,
            width: side as f64 * right,
        }
    }

    /// Cuts the middle out of a slice, or pads it with air to a square, then resamples it.
    pub(crate) fn apply(self, image: HuImage) -> HuImage {
        let (side, whole) = match (self.crop, self.size) {
            (None, None) => return image,
            (Some(crop), _) => (crop, (image.rows, image.columns) == (crop, crop)),
            (None, Some(_)) => (image.rows.max(image.columns), image.rows == image.columns),
        };
        let square = match whole {
            true => image,
            false => framed(&image, side),
        };
        match self.size {
            Some(size) if size != side && side > 0 => HuImage {
                rows: size,
                columns: size,
                hu: resized(&square.hu, side, size),
            },
            _ => square,
        }
    }
}

/// The slice in the middle of a square: what is outside is cut off, what is missing is air.
fn framed(image: &HuImage, side: usize) -> HuImage {
    // Of an axis: where it begins in the slice and in the square, and how much of it is in both.
    let axis = |length: usize| {
        let (skip, pad) = (length.saturating_sub(side) / 2, side.saturating_sub(length) / 2);
        (skip, pad, length.min(side))
    };
    let (top, above, rows) = axis(image.rows);
    let (left, before, columns) = axis(image.columns);
    let mut hu = vec![AIR_HU; side * side];
    if image.columns > 0 && side > 0 {
        let from = image.hu.chunks_exact(image.columns).skip(top).take(rows);
        for (to, row) in hu.chunks_exact_mut(side).skip(above).zip(from) {
            to[before..before + columns].copy_from_slice(&row[left..left + columns]);
        }
    }
    HuImage {
        rows: side,
        columns: side,
        hu,
    }
}

thread_local! {
    /// The last plan: slices of a cohort mostly have one size.
    static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
}

/// How `side × side` values become `size × size`, and room to do it in.
struct Plan {
    side: usize,
    size: usize,
    bands: Vec<Band>,
    regular: Option<Regular>,
    /// A row of the output at the width of the input.
    narrow: Vec<f32>,
}

/// Resamples `side × side` values to `size × size` with a triangle filter; rounded to whole HU.
fn resized(square: &[i16], side: usize, size: usize) -> Vec<i16> {
    PLAN.with_borrow_mut(|plan| match plan {
        Some(plan) if (plan.side, plan.size) == (side, size) => plan.run(square),
        _ => plan.insert(Plan::new(side, size)).run(square),
    })
}

impl Plan {
    fn new(side: usize, size: usize) -> Self {
        let bands = bands(side, size);
        Self {
            side,
            size,
            regular: Regular::of(&bands, side, size),
            bands,
            narrow: vec![0.0; side],
        }
    }

    /// With the widest instructions that the processor has.
    fn run(&mut self, square: &[i16]) -> Vec<i16> {
        dispatch!(Level::new(), _simd => self.apply(square))
    }

    #[inline(always)]
    fn apply(&mut self, square: &[i16]) -> Vec<i16> {
        let Self {
            side,
            size,
            bands,
            regular,
            narrow,
        } = self;
        let mut hu = vec![0; *size * *size];
        // One row at a time, which stays in the processor's nearest memory.
        for (out, band) in hu.chunks_exact_mut(*size).zip(bands.iter()) {
            let rows = &square[band.first * *side..][..band.weights.len() * *side];
            add_up(rows, &band.weights, narrow);
            match regular {
                Some(regular) => regular.narrow(narrow, bands, out),
                None => out
                    .iter_mut()
                    .zip(bands.iter())
                    .for_each(|(value, band)| *value = band.mean(narrow)),
            }
        }
        hu
    }
}

/// The weighted sum of rows.
#[inline(always)]
fn add_up(rows: &[i16], weights: &[f32], sums: &mut [f32]) {
    let side = sums.len();
    // Shrinking by two takes four rows: sums that need not go through memory.
    if let [a, b, c, d] = weights
        && let Some((first, rest)) = rows.split_at_checked(side)
        && let Some((second, rest)) = rest.split_at_checked(side)
        && let Some((third, fourth)) = rest.split_at_checked(side)
    {
        let pairs = first.iter().zip(second).zip(third.iter().zip(fourth));
        for (sum, ((p, q), (r, s))) in sums.iter_mut().zip(pairs) {
            *sum = a * f32::from(*p) + b * f32::from(*q) + c * f32::from(*r) + d * f32::from(*s);
        }
        return;
    }
    sums.fill(0.0);
    for (row, weight) in rows.chunks_exact(side).zip(weights) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += weight * f32::from(*value);
        }
    }
}

/// The weights of one output value that are not zero.
struct Band {
    first: usize,
    weights: Vec<f32>,
}

impl Band {
    fn mean(&self, row: &[f32]) -> i16 {
        let values = &row[self.first..][..self.weights.len()];
        let pairs = values.iter().zip(&self.weights);
        rounded(pairs.fold(0.0, |sum, (value, weight)| sum + value * weight))
    }
}

/// The nearest whole number, halves to the even one; a mean of 16-bit numbers is one. This way it takes two
/// instructions for eight numbers, while the ready-made conversions go one by one.
#[inline(always)]
fn rounded(mean: f32) -> i16 {
    (mean + ROUNDING).to_bits().wrapping_sub(ROUNDING.to_bits()) as i16
}

/// Shrinking by a whole factor: all bands but those at the edges have the same weights, one factor apart.
/// So a row is taken apart into as many rows as the factor says, and whole rows are added up.
struct Regular {
    factor: usize,
    /// Bands that are the same, without those at the edges.
    inner: Range<usize>,
    /// Distance of the first value of a band from `factor` times its number.
    before: usize,
    weights: Vec<f32>,
    /// Every `factor`-th value of a row, from the first, the second and so on.
    parts: Vec<Vec<f32>>,
    sums: Vec<f32>,
}

impl Regular {
    fn of(bands: &[Band], side: usize, size: usize) -> Option<Self> {
        let factor = (side > size && side.is_multiple_of(size)).then_some(side / size)?;
        let middle = bands.get(size / 2)?;
        let before = (size / 2 * factor).checked_sub(middle.first)?;
        let same = |index: &usize| {
            let band = &bands[*index];
            band.weights == middle.weights && band.first + before == index * factor
        };
        let begin = (0..size).find(same)?;
        let end = (begin..size).find(|index| !same(index)).unwrap_or(size);
        Some(Self {
            factor,
            inner: begin..end,
            before,
            weights: middle.weights.clone(),
            parts: vec![vec![0.0; size]; factor],
            sums: vec![0.0; end - begin],
        })
    }

    #[inline(always)]
    fn narrow(&mut self, row: &[f32], bands: &[Band], out: &mut [i16]) {
        match self.parts.as_mut_slice() {
            [even, odd] => {
                let (pairs, _) = row.as_chunks::<2>();
                for ((even, odd), pair) in even.iter_mut().zip(odd).zip(pairs) {
                    [*even, *odd] = *pair;
                }
            }
            parts => {
                for (index, part) in parts.iter_mut().enumerate() {
                    for (value, group) in part.iter_mut().zip(row.chunks_exact(self.factor)) {
                        *value = group[index];
                    }
                }
            }
        }
        let first = self.inner.start * self.factor - self.before;
        let part = |offset: usize| {
            let at = first + offset;
            &self.parts[at % self.factor][at / self.factor..][..self.inner.len()]
        };
        let inner = &mut out[self.inner.clone()];
        if let [a, b, c, d] = self.weights[..] {
            let pairs = part(0).iter().zip(part(1)).zip(part(2).iter().zip(part(3)));
            for (value, ((p, q), (r, s))) in inner.iter_mut().zip(pairs) {
                *value = rounded(p * a + q * b + r * c + s * d);
            }
        } else {
            self.sums.fill(0.0);
            for (offset, weight) in self.weights.iter().enumerate() {
                for (sum, value) in self.sums.iter_mut().zip(part(offset)) {
                    *sum += value * weight;
                }
            }
            for (value, sum) in inner.iter_mut().zip(&self.sums) {
                *value = rounded(*sum);
            }
        }
        for index in (0..self.inner.start).chain(self.inner.end..out.len()) {
            out[index] = bands[index].mean(row);
        }
    }
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

    fn sized(image: &HuImage, size: usize) -> HuImage {
        ToSize {
            crop: None,
            size: Some(size),
        }
        .apply(image.clone())
    }

    fn cropped(image: &HuImage, crop: usize) -> HuImage {
        ToSize {
            crop: Some(crop),
            size: None,
        }
        .apply(image.clone())
    }

    #[test]
    fn even_images_stay_even_at_any_size() {
        for (from, to) in [(512, 256), (374, 256), (64, 100), (5, 8), (512, 128), (9, 3)] {
            let resized = sized(&image(from, from, |_, _| 40), to);
            assert_eq!(resized.hu, vec![40; to * to], "{from} to {to}");
        }
    }

    #[test]
    fn the_mean_is_kept_when_shrinking() {
        let original = image(64, 64, |row, column| ((row * 7 + column * 13) % 100) as i16);
        let mean =
            |image: &HuImage| image.hu.iter().map(|hu| f64::from(*hu)).sum::<f64>() / image.hu.len() as f64;
        let difference = mean(&original) - mean(&sized(&original, 32));
        assert!(difference.abs() < 0.5, "{difference}");
    }

    #[test]
    fn shrinking_by_a_whole_factor_gives_what_any_other_way_gives() {
        for (side, size) in [(64, 32), (63, 21), (64, 16), (12, 1), (6, 3)] {
            let original = image(side, side, |row, column| {
                ((row * 7919 + column * 104_729) % 4096) as i16 - 1024
            });
            let bands = bands(side, size);
            assert!(
                Regular::of(&bands, side, size).is_some() || size == 1,
                "{side} to {size}"
            );
            let mut plain = Vec::new();
            for band in &bands {
                let mut narrow = vec![0.0_f32; side];
                for (offset, weight) in band.weights.iter().enumerate() {
                    for (column, sum) in narrow.iter_mut().enumerate() {
                        *sum += weight * f32::from(original.hu[(band.first + offset) * side + column]);
                    }
                }
                plain.extend(bands.iter().map(|band| band.mean(&narrow)));
            }
            assert_eq!(sized(&original, size).hu, plain, "{side} to {size}");
        }
    }

    #[test]
    fn halves_are_rounded_to_even() {
        let numbers: [f32; 9] = [0.5, -0.5, 0.499_999_97, 1.5, -2.5, 32767.0, -32768.0, 0.0, 7.75];
        let expected = numbers.map(|number| number.round_ties_even() as i16);
        assert_eq!(numbers.map(rounded), expected);
    }

    #[test]
    fn oblong_images_are_padded_with_air_on_both_sides() {
        let padded = sized(&image(4, 2, |_, _| 40), 4);
        assert_eq!(padded.hu[..4], [-1000, 40, 40, -1000]);
        assert_eq!((padded.rows, padded.columns), (4, 4));
    }

    #[test]
    fn a_crop_keeps_the_middle_and_pads_what_is_too_small() {
        let original = image(4, 6, |row, column| (row * 10 + column) as i16);
        assert_eq!(cropped(&original, 2).hu, [12, 13, 22, 23]);
        let wide = cropped(&original, 6);
        assert_eq!(wide.hu[..6], [-1000; 6]);
        assert_eq!(wide.hu[6..12], [0, 1, 2, 3, 4, 5]);
        let both = ToSize {
            crop: Some(2),
            size: Some(1),
        };
        assert_eq!(both.apply(original).hu, [18]);
    }

    #[test]
    fn what_is_shown_is_where_its_values_are() {
        let original = image(4, 7, |row, column| (row * 10 + column) as i16);
        let before = Shown {
            rows: 4,
            columns: 7,
            top: 0.0,
            left: 0.0,
            height: 4.0,
            width: 7.0,
        };
        for side in [2, 3, 5, 8] {
            let to_size = ToSize {
                crop: Some(side),
                size: None,
            };
            let shown = to_size.shown(before);
            let made = to_size.apply(original.clone());
            assert_eq!((shown.rows, shown.columns), (made.rows, made.columns));
            for row in 0..made.rows {
                for column in 0..made.columns {
                    let share = |place: usize| (place as f64 + 0.5) / side as f64;
                    let place = shown.in_slice([share(row), share(column)]);
                    let back = shown.in_image(place);
                    assert!((back[0] - share(row)).abs() < 1e-12 && (back[1] - share(column)).abs() < 1e-12);
                    let [r, c] = place.map(|place| place.floor() as i64);
                    let expected = match (0..4).contains(&r) && (0..7).contains(&c) {
                        true => (r * 10 + c) as i16,
                        false => AIR_HU,
                    };
                    assert_eq!(
                        made.hu[row * made.columns + column],
                        expected,
                        "{side}: {row} {column}"
                    );
                }
            }
        }
        // Padded to a square of 7, then made half as large: still all 7 pixels.
        let shown = ToSize {
            crop: None,
            size: Some(14),
        }
        .shown(before);
        assert_eq!(
            (shown.top, shown.left, shown.height, shown.width),
            (-1.0, 0.0, 7.0, 7.0)
        );
        // A crop of what is twice as fine is half as large.
        let finer = ToSize {
            crop: Some(4),
            size: None,
        }
        .shown(shown);
        assert_eq!((finer.height, finer.left, finer.top), (2.0, 2.5, 1.5));
    }

    #[test]
    fn the_right_size_is_left_alone() {
        let original = image(8, 8, |row, column| (row * column) as i16 - 3024);
        assert_eq!(sized(&original, 8), original);
        assert_eq!(ToSize::default().apply(original.clone()), original);
    }
}
