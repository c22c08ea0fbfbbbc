//! Values of HU mapped so that each grey is as frequent as any other.

use burn::tensor::{DType, Int, TensorData};
use ichflow_api::prelude::*;
use rand::seq::SliceRandom;

/// Number of HU values that are counted: all of i16.
const VALUES: usize = 1 << 16;

/// The quantiles below and above which everything is black or white.
const ENDS: [f64; 2] = [0.001, 0.999];

/// HU that the window of the brain holds, both ends left out.
const BRAIN: (i16, i16) = (0, 80);

/// How often each HU value occurs.
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; VALUES],
            total: 0,
        }
    }
}

impl Histogram {
    /// Counts the pixels of a slice.
    pub fn add(&mut self, hu: &[i16]) {
        for value in hu {
            self.counts[slot(*value)] += 1;
        }
        self.total += hu.len() as u64;
    }

    /// HU at the quantiles 0.001, (k + ½)/n for k from 0 to n − 1, and 0.999 of the sorted pixels, each once.
    pub fn breaks(&self, n: usize) -> Vec<i16> {
        let mut quantiles: Vec<f64> = (0..n)
            .map(|k| k as f64 / n as f64 + 0.5 / n as f64)
            .chain(ENDS)
            .collect();
        quantiles.sort_by(f64::total_cmp);
        let mut breaks = Vec::new();
        let mut below = 0;
        let mut value = 0;
        for quantile in quantiles {
            let rank = (self.total as f64 * quantile) as u64;
            while value + 1 < VALUES && below + self.counts[value] <= rank {
                below += self.counts[value];
                value += 1;
            }
            breaks.push((value as i32 + i32::from(i16::MIN)) as i16);
        }
        breaks.dedup();
        breaks
    }
}

fn slot(hu: i16) -> usize {
    (i32::from(hu) - i32::from(i16::MIN)) as usize
}

/// Share of the pixels whose HU lie inside the brain window, 0 to 1.
fn brain_share(hu: &[i16]) -> f64 {
    let inside = hu.iter().filter(|hu| **hu > BRAIN.0 && **hu < BRAIN.1).count();
    inside as f64 / hu.len().max(1) as f64
}

/// How breaks are found when a recipe does not give them.
pub struct Fitting {
    /// Number of quantiles.
    pub n: usize,
    /// Most slices to look at.
    pub slices: usize,
    /// Slices with a smaller share of pixels inside the brain window are passed over.
    pub min_brain: f64,
}

impl Fitting {
    /// Breaks at the quantiles of the pixels of slices drawn from the cohort.
    ///
    /// # Errors
    /// Where no slice can be read, or the run should stop.
    pub fn run(&self, inputs: &Inputs, context: &Context) -> Result<Vec<i16>> {
        let cohort = inputs.take(input::COHORT)?;
        let pixels = inputs.take(input::PIXELS)?;
        let mut order: Vec<&Slice> = cohort.slices.iter().collect();
        order.shuffle(&mut context.rng("slices"));
        let mut histogram = Histogram::default();
        let mut used = 0;
        let mut unreadable = 0;
        // However empty a cohort is, fitting ends in reasonable time.
        for slice in order.into_iter().take(self.slices.saturating_mul(20)) {
            if used == self.slices {
                break;
            }
            context.checkpoint()?;
            match pixels.read(slice) {
                Ok(image) if brain_share(&image.hu) >= self.min_brain => {
                    histogram.add(&image.hu);
                    used += 1;
                }
                Ok(_) => {}
                // Whoever trains on the slice sets it aside; the histogram does without it.
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(_) => unreadable += 1,
            }
        }
        if used == 0 {
            return Err(Error::new(format!(
                "no slice could be used to find the breaks: {unreadable} cannot be read, the others have less \
                 than {} % of their pixels inside the brain window",
                100.0 * self.min_brain
            ))
            .help("lower `min_brain`, or give `breaks`"));
        }
        let breaks = histogram.breaks(self.n);
        if breaks.len() < 2 {
            return Err(Error::new("every pixel of the slices looked at has the same HU")
                .help("look at more slices with `slices`, or give `breaks`"));
        }
        Ok(breaks)
    }
}

/// A piecewise linear function of HU: 0 at the first break, 1 at the last, equal steps between breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Equaliser {
    low: i16,
    /// The value at each whole HU from the first break to the last. As breaks are whole HU, the function is
    /// straight between neighbours here, and reading two of them is exact.
    table: Vec<f32>,
}

impl Equaliser {
    /// The function of the given breaks; none if they are fewer than two or do not rise.
    pub fn new(breaks: &[i16]) -> Option<Self> {
        let low = *breaks.first()?;
        let steps = breaks.len().checked_sub(1).filter(|steps| *steps > 0)? as f64;
        let mut table = vec![0.0];
        for (index, pair) in breaks.windows(2).enumerate() {
            let (from, to) = (i32::from(pair[0]), i32::from(pair[1]));
            if to <= from {
                return None;
            }
            let width = f64::from(to - from);
            table.extend((1..=to - from).map(|step| {
                let value = (index as f64 + f64::from(step) / width) / steps;
                value as f32
            }));
        }
        Some(Self { low, table })
    }

    /// Applies the function to every pixel of a batch.
    pub fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let hu = batch.hu();
        let device = hu.device();
        let shape = hu.dims();
        let pixels: usize = shape.iter().product();
        let last = (self.table.len() - 1) as f64;
        let data = TensorData::new(self.table.clone(), [self.table.len()]);
        let table = Tensor::<1>::from_data(data, (&device, DType::F32));
        let place = hu
            .sub_scalar(f64::from(self.low))
            .clamp(0.0, last)
            .reshape([pixels]);
        if batch.is_whole() {
            return table.select(0, place.int()).reshape(shape);
        }
        let below = place.clone().floor().clamp_max(last - 1.0);
        let share = place - below.clone();
        let index: Tensor<1, Int> = below.int();
        let low = table.clone().select(0, index.clone());
        let high = table.select(0, index.add_scalar(1));
        (low.clone() + (high - low) * share).reshape(shape)
    }
}

/// What is wrong with breaks given in a recipe.
pub fn check_breaks(breaks: Option<&[i16]>) -> Option<Problem> {
    let breaks = breaks?;
    if breaks.len() < 2 {
        return Some(
            Problem::new("breaks", "fewer than two breaks leave nothing between them")
                .help("leave `breaks` out to find them in the cohort"),
        );
    }
    let falling = breaks.windows(2).position(|pair| pair[1] <= pair[0])?;
    Some(Problem::new(
        format!("breaks[{}]", falling + 1),
        format!(
            "breaks must rise, but {} follows {}",
            breaks[falling + 1],
            breaks[falling]
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    /// As in the publication: the sorted pixels, indexed, each value once.
    fn sorted_breaks(pixels: &[i16], n: usize) -> Vec<i16> {
        let mut sorted = pixels.to_vec();
        sorted.sort_unstable();
        let middle = (0..n).map(|k| k as f64 / n as f64 + 0.5 / n as f64);
        let quantiles = [0.001].into_iter().chain(middle).chain([0.999]);
        let mut breaks: Vec<i16> = quantiles
            .map(|quantile| sorted[(sorted.len() as f64 * quantile) as usize])
            .collect();
        breaks.sort_unstable();
        breaks.dedup();
        breaks
    }

    #[test]
    fn counting_gives_the_quantiles_that_sorting_gives() {
        for (count, n) in [(1, 100), (7, 3), (5000, 100), (12_345, 64), (300, 1000)] {
            let pixels: Vec<i16> = (0..count)
                .map(|pixel: i32| {
                    if pixel % 3 == 0 {
                        -1000
                    } else {
                        ((pixel * 7919) % 4001 - 1100) as i16
                    }
                })
                .collect();
            let mut histogram = Histogram::default();
            histogram.add(&pixels);
            assert_eq!(histogram.breaks(n), sorted_breaks(&pixels, n), "{count} {n}");
        }
    }

    #[test]
    fn both_ends_of_i16_are_counted() {
        let mut histogram = Histogram::default();
        histogram.add(&[i16::MIN, i16::MAX]);
        assert_eq!(histogram.breaks(4), [i16::MIN, i16::MAX]);
    }

    #[test]
    fn values_between_breaks_lie_on_straight_lines() {
        let equaliser = Equaliser::new(&[-100, 0, 20, 120]).unwrap();
        let hu = Tensor::<1>::from_floats(
            [-3000.0, -100.0, -50.0, 0.0, 5.0, 10.5, 20.0, 70.25, 120.0, 999.0],
            &Device::flex(),
        );
        let batch = HuBatch::new(hu.reshape([1, 1, 2, 5]), vec![SliceTags::default()]);
        let got = values(equaliser.apply(&batch));
        let third = 1.0 / 3.0;
        let expected = [
            0.0,
            0.0,
            0.5 * third,
            third,
            1.25 * third,
            1.525 * third,
            2.0 * third,
            2.5025 * third,
            1.0,
            1.0,
        ];
        assert_near(&got, &expected);
    }

    #[test]
    fn breaks_must_rise() {
        assert!(Equaliser::new(&[3]).is_none());
        assert!(Equaliser::new(&[3, 3]).is_none());
        assert_eq!(check_breaks(Some(&[0, 5, 5])).unwrap().key, "breaks[2]");
        assert_eq!(check_breaks(Some(&[0])).unwrap().key, "breaks");
        assert!(check_breaks(Some(&[0, 1])).is_none() && check_breaks(None).is_none());
    }
}
