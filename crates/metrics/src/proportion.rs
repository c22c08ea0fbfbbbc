//! Shares of independent cases, with intervals that hold for few cases and for shares near 0 and 1.

use crate::special::beta;
use crate::{Confidence, Confusion, Interval, MetricsError};

/// So many of so many independent cases.
///
/// Cases of one patient are not independent: where patients have several,
/// [`cluster_bootstrap`](crate::cluster_bootstrap) gives the interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Proportion {
    part: usize,
    of: usize,
}

impl Proportion {
    /// `part` of `of` cases.
    ///
    /// # Errors
    /// [`MetricsError::TooFew`] without cases, [`MetricsError::Range`] where the part is more than the whole.
    pub fn new(part: usize, of: usize) -> Result<Self, MetricsError> {
        crate::checks::at_least("cases", 1, of)?;
        match part <= of {
            true => Ok(Self { part, of }),
            false => Err(MetricsError::Range {
                what: "the part",
                value: part as f64,
                allowed: "at most the whole",
            }),
        }
    }

    /// Positives called so, of the positives; `None` without positives.
    pub fn of_sensitivity(counts: &Confusion) -> Option<Self> {
        Self::split(counts.true_positives, counts.false_negatives)
    }

    /// Negatives called so, of the negatives; `None` without negatives.
    pub fn of_specificity(counts: &Confusion) -> Option<Self> {
        Self::split(counts.true_negatives, counts.false_positives)
    }

    /// Positives, of those called so: PPV at the prevalence of these cases; `None` where none was.
    pub fn of_ppv(counts: &Confusion) -> Option<Self> {
        Self::split(counts.true_positives, counts.false_positives)
    }

    /// Negatives, of those called so: NPV at the prevalence of these cases; `None` where none was.
    pub fn of_npv(counts: &Confusion) -> Option<Self> {
        Self::split(counts.true_negatives, counts.false_negatives)
    }

    fn split(part: usize, rest: usize) -> Option<Self> {
        Self::new(part, part + rest).ok()
    }

    /// The share, 0 to 1.
    pub fn share(self) -> f64 {
        self.part as f64 / self.of as f64
    }

    /// Wilson's score interval (Wilson 1927; Newcombe 1998): close to its level on average, the one to show.
    ///
    /// `(p̂ + z²/2n ± z·√(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n)`
    pub fn wilson(self, confidence: Confidence) -> Interval {
        let (n, z) = (self.of as f64, confidence.z());
        let share = self.share();
        let center = share + z * z / (2.0 * n);
        let reach = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        let below = 1.0 + z * z / n;
        Interval {
            low: if self.part == 0 {
                0.0
            } else {
                (center - reach) / below
            },
            high: if self.part == self.of {
                1.0
            } else {
                (center + reach) / below
            },
        }
    }

    /// Clopper and Pearson's interval (1934): covers at least its level for every true share, and is wider for
    /// it; where a promise is made.
    ///
    /// Its ends are quantiles of Beta(k, n − k + 1) and Beta(k + 1, n − k).
    pub fn clopper_pearson(self, confidence: Confidence) -> Interval {
        let (part, rest) = (self.part as f64, (self.of - self.part) as f64);
        Interval {
            low: match self.part {
                0 => 0.0,
                _ => beta::inverse(part, rest + 1.0, confidence.tail()),
            },
            high: match self.part == self.of {
                true => 1.0,
                // The other tail, whose small share is exact.
                false => 1.0 - beta::inverse(rest, part + 1.0, confidence.tail()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: 81 of 263.
    #[test]
    fn newcombes_example() {
        let found = Proportion::new(81, 263).unwrap();
        let near = |interval: Interval, low: f64, high: f64| {
            (interval.low - low).abs() < 5e-5 && (interval.high - high).abs() < 5e-5
        };
        assert!(near(found.wilson(Confidence::PERCENT_95), 0.2553, 0.3662));
        assert!(near(
            found.clopper_pearson(Confidence::PERCENT_95),
            0.2527,
            0.3676
        ));
    }

    #[test]
    fn nothing_has_no_share() {
        assert!(matches!(Proportion::new(0, 0), Err(MetricsError::TooFew { .. })));
        assert!(matches!(Proportion::new(2, 1), Err(MetricsError::Range { .. })));
        assert_eq!(Proportion::of_ppv(&Confusion::default()), None);
    }

    proptest! {
        #[test]
        fn intervals_hold_the_share_mirror_and_shrink_with_the_level(
            (part, of) in (1_usize..3000).prop_flat_map(|of| (0..=of, Just(of))),
            level in 0.5_f64..0.999,
        ) {
            let (wide, narrow) = (Confidence::new(level).unwrap(), Confidence::new(level / 2.0).unwrap());
            let (one, other) = (Proportion { part, of }, Proportion { part: of - part, of });
            for interval in [Proportion::wilson, Proportion::clopper_pearson] {
                let found = interval(one, wide);
                prop_assert!(0.0 <= found.low && found.high <= 1.0);
                prop_assert!(found.low <= one.share() + 1e-12 && one.share() <= found.high + 1e-12);
                let mirrored = interval(other, wide);
                prop_assert!((found.low + mirrored.high - 1.0).abs() < 1e-10);
                let inner = interval(one, narrow);
                prop_assert!(found.low <= inner.low + 1e-12 && inner.high <= found.high + 1e-12);
            }
        }
    }
}
