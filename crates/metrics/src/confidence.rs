//! How sure an interval is to be, and an estimate with one.

use crate::special::normal;
use crate::{Interval, MetricsError, checks};

/// The confidence level of two-sided intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence(f64);

impl Confidence {
    /// 95 %.
    pub const PERCENT_95: Self = Self(0.95);

    /// A level such as 0.95.
    ///
    /// # Errors
    /// [`MetricsError::Range`] unless it lies between 0 and 1, without the ends.
    pub fn new(level: f64) -> Result<Self, MetricsError> {
        checks::inner_share("the confidence level", level)?;
        Ok(Self(level))
    }

    /// The level, 0.95 for 95 %.
    pub fn level(self) -> f64 {
        self.0
    }

    /// What lies beyond each end, 0.025 for 95 %.
    pub(crate) fn tail(self) -> f64 {
        (1.0 - self.0) / 2.0
    }

    /// How many standard errors an interval of a normal estimate reaches to each side, 1.96 for 95 %.
    pub(crate) fn z(self) -> f64 {
        -normal::quantile(self.tail())
    }

    /// The interval of a normal estimate.
    pub(crate) fn around(self, value: f64, standard_error: f64) -> Interval {
        let reach = self.z() * standard_error;
        Interval {
            low: value - reach,
            high: value + reach,
        }
    }
}

/// A number with its interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its interval, where there is one.
    pub interval: Option<Interval>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_shares() {
        assert!((Confidence::PERCENT_95.z() - 1.959_963_984_540_054).abs() < 1e-13);
        for level in [0.0, 1.0, -0.1, 95.0, f64::NAN] {
            assert!(matches!(Confidence::new(level), Err(MetricsError::Range { .. })));
        }
    }
}
