//! From stored values to Hounsfield units.

use fearless_simd::{Level, dispatch};

/// What turns stored values into Hounsfield units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rescale {
    /// BitsStored (0028,0101), 1 to 16.
    pub bits_stored: u16,
    /// PixelRepresentation (0028,0103): whether stored values are two's complement.
    pub signed: bool,
    /// RescaleSlope (0028,1053), HU a step.
    pub slope: f64,
    /// RescaleIntercept (0028,1052), in HU.
    pub intercept: f64,
    /// Whether the file has a slope or an intercept; without them stored values count as HU.
    pub stated: bool,
}

impl Rescale {
    /// The numbers a stored value may be: what BitsStored and PixelRepresentation allow.
    pub fn stored_range(&self) -> std::ops::RangeInclusive<i64> {
        let values = 1_i64 << self.bits_stored.clamp(1, 16);
        match self.signed {
            true => -values / 2..=values / 2 - 1,
            false => 0..=values - 1,
        }
    }

    /// The intercept, where it is a whole number, all there is to add, and small enough to add it.
    fn whole(&self) -> Option<i32> {
        let whole = self.slope == 1.0 && self.intercept.fract() == 0.0 && self.intercept.abs() < 1e6;
        whole.then_some(self.intercept as i32)
    }

    /// The number that a stored 16-bit word is; bits above BitsStored are ignored.
    pub(crate) fn stored(&self, word: u16) -> i32 {
        let unused = 16 - u32::from(self.bits_stored.clamp(1, 16));
        if self.signed {
            i32::from((word << unused) as i16 >> unused)
        } else {
            i32::from(word << unused >> unused)
        }
    }

    /// Hounsfield units of a stored number.
    pub(crate) fn hu(&self, stored: i32) -> f64 {
        f64::from(stored) * self.slope + self.intercept
    }

    /// Hounsfield units of one stored 16-bit word; bits above BitsStored are ignored.
    pub fn apply(&self, word: u16) -> i16 {
        rounded(self.hu(self.stored(word)))
    }
}

/// `as` saturates, and HU beyond ±32767 mean nothing.
pub(crate) fn rounded(hu: f64) -> i16 {
    hu.round() as i16
}

/// Hounsfield units of stored words that are still bytes, or words of another kind: `word` says what they are.
pub(crate) fn to_hu_of<T>(stored: &[T], word: impl Fn(&T) -> u16, rescale: &Rescale) -> Vec<i16> {
    // With the widest instructions that the processor has.
    dispatch!(Level::new(), _simd => by_rescale(stored, &word, rescale))
}

#[inline(always)]
fn by_rescale<T>(stored: &[T], word: &impl Fn(&T) -> u16, rescale: &Rescale) -> Vec<i16> {
    let unused = 16 - u32::from(rescale.bits_stored.clamp(1, 16));
    let mask = u16::MAX >> unused;
    let Some(intercept) = rescale.whole() else {
        return tabulated(stored, word, rescale);
    };
    // Nearly all of CT. Plain sums from slice to slice, which the compiler does many at a time; signed and
    // unsigned are loops of their own for the same reason.
    let mut hu = vec![0; stored.len()];
    let pairs = hu.iter_mut().zip(stored);
    if rescale.signed {
        // Two's complement of fewer bits: what flipping the sign bit adds, subtracting takes away.
        let sign = 1 << (15 - unused);
        for (hu, stored) in pairs {
            *hu = saturated(i32::from((word(stored) & mask) ^ sign) + (intercept - i32::from(sign)));
        }
    } else {
        for (hu, stored) in pairs {
            *hu = saturated(i32::from(word(stored) & mask) + intercept);
        }
    }
    hu
}

/// `as` between integers wraps; between a float and an integer, where [`Rescale::apply`] does this, not.
#[inline(always)]
fn saturated(hu: i32) -> i16 {
    hu.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// The 65,536 possible results are tabulated once there are more words than that to convert.
fn tabulated<T>(stored: &[T], word: &impl Fn(&T) -> u16, rescale: &Rescale) -> Vec<i16> {
    let words_in_use = 1_usize << rescale.bits_stored.clamp(1, 16);
    if stored.len() < words_in_use {
        return stored.iter().map(|stored| rescale.apply(word(stored))).collect();
    }
    let mask = (words_in_use - 1) as u16;
    let table: Vec<i16> = (0..=mask).map(|word| rescale.apply(word)).collect();
    stored
        .iter()
        .map(|stored| table[usize::from(word(stored) & mask)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Rescale = Rescale {
        bits_stored: 12,
        signed: false,
        slope: 1.0,
        intercept: -1024.0,
        stated: true,
    };

    #[test]
    fn a_word_alone_is_read_as_the_header_says() {
        assert_eq!([0, 1064, 4095].map(|raw| PLAIN.apply(raw)), [-1024, 40, 3071]);
        let limit = Rescale {
            intercept: -100.0,
            ..PLAIN
        };
        assert_eq!(limit.apply(3096), 2996);
        let signed = Rescale {
            signed: true,
            intercept: 0.0,
            ..PLAIN
        };
        assert_eq!(signed.apply(3096), -1000);
    }

    #[test]
    fn padding_of_sixteen_signed_bits_becomes_minus_3024() {
        let signed = Rescale {
            bits_stored: 16,
            signed: true,
            slope: 1.0,
            intercept: -1024.0,
            stated: true,
        };
        assert_eq!(signed.apply((-2000_i16) as u16), -3024);
        assert_eq!(signed.apply(i16::MIN as u16), i16::MIN);
    }

    #[test]
    fn bits_above_bits_stored_are_ignored() {
        assert_eq!(PLAIN.apply(0xF000 | 1064), 40);
    }

    #[test]
    fn slopes_round_to_the_nearest_unit() {
        let sloped = Rescale {
            bits_stored: 16,
            signed: false,
            slope: 0.5,
            intercept: -1000.25,
            stated: true,
        };
        assert_eq!(sloped.apply(2001), 0);
        assert_eq!(sloped.apply(u16::MAX), 31767);
    }

    #[test]
    fn the_short_cuts_give_what_the_formula_gives() {
        let rescales = [
            (1.5, -3.0),
            (1.0, -1024.0),
            (1.0, 0.0),
            (1.0, -0.5),
            (1.0, 40_000.0),
            (1.0, -1e7),
        ];
        for (slope, intercept) in rescales {
            for signed in [false, true] {
                for bits_stored in [1, 8, 12, 16] {
                    let rescale = Rescale {
                        bits_stored,
                        signed,
                        slope,
                        intercept,
                        stated: true,
                    };
                    let all: Vec<i16> = (0..=u16::MAX).map(|word| rescale.apply(word)).collect();
                    let words: Vec<u16> = (0..65535).collect();
                    let hu = to_hu_of(&words, |word| *word, &rescale);
                    assert_eq!(hu, all[..65535], "{rescale:?}");
                }
            }
        }
    }
}
