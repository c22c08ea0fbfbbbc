//! What training data looked like.

use std::collections::BTreeMap;
use std::sync::Arc;

use ichflow_metrics::{FeatureGaussian, stability_index};
use serde::{Deserialize, Serialize};

use super::{ExamNovelty, HeaderFacts, HeaderField, HuCounts, Reading, Unseen};
use crate::data::cohort::Slice;
use crate::data::exams::indices_of;
use crate::data::labels::Level;
use crate::digest::sha256;
use crate::error::{Error, Result, ResultExt};
use crate::ports::Artifact;

/// Share of the validation exams that lie at or below the limits.
pub const TYPICAL_SHARE: f64 = 0.99;

/// Added to every bin's share of an exam's pixels: an empty bin has a logarithm then, whatever the number of pixels.
const ADDED_SHARE: f64 = 1e-6;

/// Beyond which an exam is flagged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Of [`ExamNovelty::distance`].
    pub distance: f64,
    /// Of [`ExamNovelty::hu_index`].
    pub hu_index: f64,
}

/// A validation exam beside the training data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidationExam {
    /// See [`ExamNovelty::distance`].
    pub distance: f64,
    /// See [`ExamNovelty::hu_index`].
    pub hu_index: f64,
}

/// What was gathered of training slices, one by one.
pub struct Gathered {
    /// Their features.
    pub features: FeatureGaussian,
    /// Their pixels.
    pub hu: HuCounts,
    /// The slices that could be read.
    pub slices: Vec<Slice>,
}

/// What training data looked like: enough to tell an exam that is unlike it, and nothing of whose it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataProfile {
    /// Training slices.
    pub training_slices: usize,
    /// Training exams.
    pub training_exams: usize,
    /// Share of the training pixels in each bin of HU.
    pub hu_shares: Vec<f64>,
    /// Training exams by the value of each header field.
    pub headers: BTreeMap<HeaderField, BTreeMap<String, usize>>,
    /// Every validation exam, by ascending distance.
    pub validation: Vec<ValidationExam>,
    /// Validation exams that are flagged.
    pub validation_flagged: usize,
    /// Beyond which an exam is flagged.
    pub limits: Limits,
    /// Features of training slices; in a file of their own.
    #[serde(skip)]
    features: Option<Arc<FeatureGaussian>>,
}

impl Artifact for DataProfile {
    const NAME: &'static str = "data profile";

    fn digest(&self) -> Option<String> {
        let mut bytes = serde_json::to_vec(self).ok()?;
        bytes.extend(self.features_to_bytes());
        Some(sha256(&bytes))
    }
}

impl DataProfile {
    /// Of what was gathered of training slices, and of `validation` slices with what was read of each beside that.
    /// Limits are the validation exams' 99th percentile, by the rank that leaves no more than 1 % of exams like them
    /// above it: the k-th of n with `k = ⌈0.99 (n + 1)⌉`, the largest where there are less than 99.
    ///
    /// # Errors
    /// Where there is no validation exam, or a distance is not finite.
    pub fn new<'a>(
        gathered: Gathered,
        validation: impl IntoIterator<Item = (&'a Slice, &'a Reading)>,
    ) -> Result<Self> {
        let facts: Vec<HeaderFacts> = gathered.slices.iter().map(HeaderFacts::of).collect();
        let exams = indices_of(&gathered.slices, Level::Study);
        let mut headers: BTreeMap<HeaderField, BTreeMap<String, usize>> = BTreeMap::new();
        for exam in &exams {
            let facts = HeaderFacts::most_of(exam.iter().map(|index| &facts[*index]));
            for (field, value) in HeaderField::ALL.into_iter().zip(facts.0) {
                *headers.entry(field).or_default().entry(value).or_default() += 1;
            }
        }
        let mut profile = Self {
            training_slices: gathered.slices.len(),
            training_exams: exams.len(),
            hu_shares: gathered.hu.shares(),
            headers,
            validation: Vec::new(),
            validation_flagged: 0,
            limits: Limits {
                distance: f64::INFINITY,
                hu_index: f64::INFINITY,
            },
            features: Some(Arc::new(gathered.features)),
        };
        let validation = profile.exams(validation)?;
        let limit = |value: fn(&ExamNovelty) -> f64| {
            let mut values: Vec<f64> = validation.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            let rank = (TYPICAL_SHARE * (values.len() + 1) as f64).ceil() as usize;
            values.get(rank.min(values.len()).wrapping_sub(1)).copied()
        };
        let none = || {
            Error::new("there is no validation slice whose distance could say what is usual")
                .help("split the cohort, so that some patients are for validation")
        };
        profile.limits = Limits {
            distance: limit(|exam| exam.distance).ok_or_else(none)?,
            hu_index: limit(|exam| exam.hu_index).ok_or_else(none)?,
        };
        profile.validation_flagged = validation
            .iter()
            .filter(|exam| exam.is_flagged(&profile.limits))
            .count();
        profile.validation = validation
            .iter()
            .map(|exam| ValidationExam {
                distance: exam.distance,
                hu_index: exam.hu_index,
            })
            .collect();
        profile
            .validation
            .sort_by(|a, b| a.distance.total_cmp(&b.distance));
        Ok(profile)
    }

    /// Number of features of a slice.
    pub fn width(&self) -> usize {
        self.features.as_ref().map_or(0, |features| features.mean().len())
    }

    /// How much of the covariance of features is a multiple of the identity.
    pub fn shrinkage(&self) -> f64 {
        self.features
            .as_ref()
            .map_or(0.0, |features| features.shrinkage())
    }

    /// Mahalanobis' distance of a slice's features from those of training slices; infinite where a feature is not finite.
    ///
    /// # Errors
    /// Where their number is another.
    pub fn distance(&self, features: &[f32]) -> Result<f64> {
        let of = self
            .features
            .as_ref()
            .ok_or_else(|| Error::new("the data profile has no features"))?;
        let features: Vec<f64> = features.iter().map(|feature| f64::from(*feature)).collect();
        if features.iter().any(|feature| !feature.is_finite()) {
            return Ok(f64::INFINITY);
        }
        of.distance(&features)
            .doing("a slice cannot be held against the data profile")
            .map_err(|error| error.help("the profile is of another network: wire both to the same model"))
    }

    /// The exams of some slices, with what was read of each slice, beside the training data.
    ///
    /// # Errors
    /// Where histograms are of other bins.
    pub fn exams<'a>(
        &self,
        slices: impl IntoIterator<Item = (&'a Slice, &'a Reading)>,
    ) -> Result<Vec<ExamNovelty>> {
        let (slices, readings): (Vec<Slice>, Vec<&Reading>) = slices
            .into_iter()
            .map(|(slice, reading)| (slice.clone(), reading))
            .unzip();
        let facts: Vec<HeaderFacts> = slices.iter().map(HeaderFacts::of).collect();
        let exams = indices_of(&slices, Level::Study).into_iter();
        exams
            .map(|exam| {
                let (mut hu, mut distance) = (HuCounts::default(), 0.0);
                for index in &exam {
                    hu.add(&readings[*index].hu);
                    distance += readings[*index].distance;
                }
                let facts = HeaderFacts::most_of(exam.iter().map(|index| &facts[*index]));
                let hu_index = stability_index(&self.hu_shares, &hu.shares(), ADDED_SHARE)
                    .doing("an exam's histogram of HU cannot be held against the training data's")?;
                Ok(ExamNovelty {
                    distance: distance / exam.len().max(1) as f64,
                    hu_index,
                    unseen: self.unseen(&facts),
                    facts,
                    slices: exam,
                })
            })
            .collect()
    }

    /// What no training exam has.
    fn unseen(&self, facts: &HeaderFacts) -> Vec<Unseen> {
        let new = |field: &HeaderField| {
            let known = self.headers.get(field);
            !known.is_some_and(|known| known.contains_key(facts.get(*field)))
        };
        let fields = HeaderField::ALL.into_iter().filter(new);
        fields
            .map(|field| Unseen {
                field,
                value: facts.get(field).to_owned(),
            })
            .collect()
    }

    /// For a file: mean and Cholesky factor of the covariance of the features, and how much it was shrunk.
    pub fn features_to_bytes(&self) -> Vec<u8> {
        let Some(features) = &self.features else {
            return Vec::new();
        };
        let numbers = features.mean().iter().chain(features.factor());
        let head = [self.width() as f64, features.shrinkage()];
        head.iter()
            .chain(numbers)
            .flat_map(|number| number.to_le_bytes())
            .collect()
    }

    /// The profile with what [`DataProfile::features_to_bytes`] gave.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn with_features(mut self, bytes: &[u8]) -> Result<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let numbers: Vec<f64> = numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        let width = numbers.first().map_or(0, |width| *width as usize);
        let parts = numbers
            .get(2..)
            .filter(|numbers| rest.is_empty() && numbers.len() >= width);
        let (mean, factor) = parts
            .map(|parts| parts.split_at(width))
            .ok_or_else(|| Error::new("the features of a data profile are cut off"))?;
        let features = FeatureGaussian::from_parts(mean.to_vec(), factor.to_vec(), numbers[1])
            .doing("the features of a data profile cannot be read")?;
        self.features = Some(Arc::new(features));
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use ichflow_metrics::Moments;

    use super::*;
    use crate::testkit;

    fn slice(number: usize) -> Slice {
        let mut slice = testkit::slice(&format!("s{number}"), "p", None);
        slice.study = format!("study {}", number / 2);
        slice.series = slice.study.clone();
        slice.header.thickness_mm = Some(5.0);
        slice
    }

    fn reading(distance: f64, hu: i16) -> Reading {
        Reading {
            distance,
            hu: HuCounts::of(&[hu; 10]),
        }
    }

    fn profile(validation_exams: usize) -> DataProfile {
        let mut moments = Moments::new(2);
        for row in [[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [-1.0, 0.5]] {
            moments.add(&row).unwrap();
        }
        let gathered = Gathered {
            features: moments.gaussian().unwrap(),
            hu: HuCounts::of(&[30; 40]),
            slices: (0..4).map(slice).collect(),
        };
        let slices: Vec<Slice> = (0..2 * validation_exams).map(slice).collect();
        let readings: Vec<Reading> = (0..slices.len())
            .map(|number| reading((number / 2) as f64, 30))
            .collect();
        DataProfile::new(gathered, slices.iter().zip(&readings)).unwrap()
    }

    #[test]
    fn limits_are_ranks_that_leave_one_in_a_hundred_above() {
        // ⌈0.99 · 200⌉ = 198 of 199; of less than 99 the largest.
        assert_eq!(profile(199).limits.distance, 197.0);
        assert_eq!(profile(10).limits.distance, 9.0);
        assert_eq!(profile(199).validation_flagged, 1);
    }

    #[test]
    fn exams_are_flagged_for_what_is_unlike() {
        let profile = profile(10);
        assert_eq!((profile.training_exams, profile.training_slices), (2, 4));
        let judge = |slices: &[Slice], reading: Reading| {
            let readings = vec![reading; slices.len()];
            let exams = profile.exams(slices.iter().zip(&readings)).unwrap();
            exams[0].reasons(&profile.limits)
        };
        let usual = [slice(0), slice(1)];
        assert_eq!(judge(&usual, reading(9.0, 30)), Vec::<&str>::new());
        assert_eq!(judge(&usual, reading(9.5, 30)), ["features"]);
        assert_eq!(judge(&usual, reading(1.0, 60)), ["hu"]);
        let mut thin = usual.clone();
        for slice in &mut thin {
            slice.header.thickness_mm = Some(0.6);
        }
        assert_eq!(judge(&thin, reading(1.0, 30)), ["slice_thickness"]);
    }

    #[test]
    fn it_comes_back_from_its_files() {
        let made = profile(5);
        let text = serde_json::to_string(&made).unwrap();
        let read: DataProfile = serde_json::from_str(&text).unwrap();
        let bytes = made.features_to_bytes();
        let read = read.with_features(&bytes).unwrap();
        assert_eq!(read, made);
        assert_eq!(read.digest(), made.digest());
        assert_eq!(
            read.distance(&[1.0, 2.0]).unwrap(),
            made.distance(&[1.0, 2.0]).unwrap()
        );
        assert!(made.distance(&[1.0]).is_err());
        assert_eq!(made.distance(&[1.0, f32::NAN]).unwrap(), f64::INFINITY);
        assert!(made.clone().with_features(&bytes[..9]).is_err());
        assert!(made.clone().with_features(&bytes[..16]).is_err());
    }
}
