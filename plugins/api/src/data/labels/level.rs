//! What a label, a prediction or a metric is about.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a label, a prediction or a metric is about. Slices belong to series, series to studies (exams), studies to
/// patients.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// One image.
    #[default]
    Slice,
    /// One reconstruction of one scan.
    Series,
    /// One exam.
    Study,
    /// All exams of one person.
    Patient,
}

impl Level {
    /// All, from the smallest.
    pub const ALL: [Self; 4] = [Self::Slice, Self::Series, Self::Study, Self::Patient];

    /// Whether it is the smallest.
    pub fn is_slice(&self) -> bool {
        *self == Self::Slice
    }

    /// "slice".
    pub fn name(self) -> &'static str {
        match self {
            Self::Slice => "slice",
            Self::Series => "series",
            Self::Study => "study",
            Self::Patient => "patient",
        }
    }

    /// "slices".
    pub fn plural(self) -> &'static str {
        match self {
            Self::Slice => "slices",
            Self::Series => "series",
            Self::Study => "studies",
            Self::Patient => "patients",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
