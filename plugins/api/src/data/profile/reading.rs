//! What is read of slices while they are predicted.

use std::sync::Arc;

use super::{DataProfile, ExamNovelty, HuCounts};
use crate::data::cohort::Slice;
use crate::error::Result;
use crate::ports::Artifact;

/// What is read of one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Mahalanobis' distance of its features from those of training slices.
    pub distance: f64,
    /// Its histogram.
    pub hu: HuCounts,
}

impl Reading {
    /// As text without spaces, which reads back bit for bit.
    pub fn to_text(&self) -> String {
        format!("{};{}", self.distance, self.hu.to_text())
    }

    /// What [`Reading::to_text`] gave.
    pub fn from_text(text: &str) -> Option<Self> {
        let (distance, hu) = text.split_once(';')?;
        Some(Self {
            distance: distance.parse().ok()?,
            hu: HuCounts::from_text(hu)?,
        })
    }
}

/// Slices with what was read of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readings {
    /// The slices.
    pub slices: Vec<Slice>,
    /// One for each.
    pub readings: Vec<Reading>,
}

/// Slices held against what training data looked like.
#[derive(Clone)]
pub struct Novelty {
    /// What training data looked like.
    pub profile: Arc<DataProfile>,
    /// The validation slices, or whatever was predicted in their place.
    pub valid: Readings,
    /// The test slices, where there are some.
    pub test: Option<Readings>,
}

impl Artifact for Novelty {
    const NAME: &'static str = "novelty";
}

impl Novelty {
    /// The exams of every part, with the part's name in tables.
    ///
    /// # Errors
    /// Those of [`DataProfile::exams`].
    pub fn parts(&self) -> Result<Vec<(&'static str, Vec<ExamNovelty>)>> {
        let parts = [("validation", Some(&self.valid)), ("test", self.test.as_ref())];
        let present = parts.into_iter().filter_map(|(name, part)| Some((name, part?)));
        present
            .map(|(name, part)| {
                let pairs = part.slices.iter().zip(&part.readings);
                Ok((name, self.profile.exams(pairs)?))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_comes_back_bit_for_bit() {
        let reading = Reading {
            distance: 1.0 / 3.0 + 7.0,
            hu: HuCounts::of(&[0, 0, 40]),
        };
        assert_eq!(Reading::from_text(&reading.to_text()), Some(reading));
        assert_eq!(Reading::from_text("1.5"), None);
        assert_eq!(Reading::from_text("x;0:1"), None);
    }
}
