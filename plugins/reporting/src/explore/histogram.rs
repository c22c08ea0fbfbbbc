//! How often each Hounsfield unit is.

/// Hounsfield units below this are padding outside the scan circle, or wrong.
pub(super) const LOWEST: i16 = -1100;
/// Hounsfield units from here on are metal, or wrong.
pub(super) const HIGHEST: i16 = 1500;
const BINS: usize = (HIGHEST - LOWEST) as usize;

/// Counts of every Hounsfield unit from [`LOWEST`] to below [`HIGHEST`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Histogram {
    bins: Vec<u64>,
    /// Pixels below.
    pub below: u64,
    /// Pixels above.
    pub above: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            bins: vec![0; BINS],
            below: 0,
            above: 0,
        }
    }
}

impl Histogram {
    /// The histogram of some pixels.
    pub(super) fn of(hu: &[i16]) -> Self {
        let mut counts = Self::default();
        for value in hu {
            // One comparison for both ends: what is below wraps to a large number.
            let place = (i32::from(*value) - i32::from(LOWEST)) as u32 as usize;
            match counts.bins.get_mut(place) {
                Some(bin) => *bin += 1,
                None if *value < LOWEST => counts.below += 1,
                None => counts.above += 1,
            }
        }
        counts
    }

    /// Adds another.
    pub(super) fn add(&mut self, other: &Self) {
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            *bin += more;
        }
        self.below += other.below;
        self.above += other.above;
    }

    /// All pixels.
    pub(super) fn total(&self) -> u64 {
        self.below + self.above + self.bins.iter().sum::<u64>()
    }

    /// Pixels from `low` to below `high`.
    pub(super) fn between(&self, low: i16, high: i16) -> u64 {
        let place = |hu: i16| (hu.clamp(LOWEST, HIGHEST) - LOWEST) as usize;
        self.bins[place(low)..place(high).max(place(low))].iter().sum()
    }

    /// Mean, standard deviation and quartiles of the pixels from `low` to below `high`, in HU.
    pub(super) fn moments(&self, low: i16, high: i16) -> Option<[f64; 5]> {
        let values = || {
            (low..high).filter_map(|hu| {
                let count = *self.bins.get(usize::try_from(hu - LOWEST).ok()?)?;
                Some((f64::from(hu), count as f64))
            })
        };
        let count: f64 = values().map(|(_, count)| count).sum();
        if count == 0.0 {
            return None;
        }
        let mean = values().map(|(hu, count)| hu * count).sum::<f64>() / count;
        let variance = values()
            .map(|(hu, count)| (hu - mean).powi(2) * count)
            .sum::<f64>()
            / count;
        let at = |q: f64| {
            let mut seen = 0.0;
            for (hu, here) in values() {
                seen += here;
                if seen >= q * count {
                    return hu;
                }
            }
            f64::from(high)
        };
        Some([mean, variance.sqrt(), at(0.25), at(0.5), at(0.75)])
    }

    /// Share of all pixels in each bin `width` HU wide from `low` to below `high`: the bin's middle and the
    /// share.
    pub(super) fn shares(&self, low: i16, high: i16, width: i16) -> Vec<(f64, f64)> {
        let total = self.total().max(1) as f64;
        (low..high)
            .step_by(width.max(1) as usize)
            .map(|from| {
                let to = from.saturating_add(width).min(high);
                let middle = (f64::from(from) + f64::from(to) - 1.0) / 2.0;
                (middle, self.between(from, to) as f64 / total)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_counted_once() {
        let counts = Histogram::of(&[-3024, -1100, 40, 40, 41, 1499, 1500, 3000]);
        assert_eq!((counts.below, counts.above, counts.total()), (1, 2, 8));
        assert_eq!(counts.between(40, 41), 2);
        assert_eq!(counts.between(-2000, 3000), 5);
        let shares = counts.shares(40, 44, 2);
        assert_eq!(shares, [(40.5, 3.0 / 8.0), (42.5, 0.0)]);
    }

    #[test]
    fn moments_are_those_of_the_pixels_inside() {
        let counts = Histogram::of(&[0, 10, 20, 30, 500]);
        let [mean, deviation, first, middle, third] = counts.moments(0, 80).unwrap();
        assert_eq!(mean, 15.0);
        assert!((deviation - 125.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!([first, middle, third], [0.0, 10.0, 20.0]);
        assert_eq!(counts.moments(600, 700), None);
    }
}
