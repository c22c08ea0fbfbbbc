//! How many exams are unlike the training data, and why.

use serde::Serialize;

use crate::data::profile::{HeaderField, Limits};

/// Exams of every part beside the training data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoveltyMetrics {
    /// Exams that the training data has.
    pub training_exams: usize,
    /// Validation exams that the limits come from.
    pub limits_of: usize,
    /// Beyond which an exam is flagged.
    pub limits: Limits,
    /// The validation exams, and the test exams where there are some.
    pub parts: Vec<PartNovelty>,
}

/// Exams of one part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartNovelty {
    /// `validation` or `test`.
    pub part: String,
    /// All exams.
    pub all: NoveltyCounts,
    /// By the maker and model of the scanner, the most frequent first; of several hospitals they mostly differ.
    pub by_scanner: Vec<ScannerNovelty>,
    /// Header values that no training exam has, the most frequent first.
    pub unseen: Vec<UnseenValue>,
}

/// Exams of one scanner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScannerNovelty {
    /// Maker and model.
    pub scanner: String,
    /// Its exams.
    #[serde(flatten)]
    pub counts: NoveltyCounts,
}

/// How many exams are flagged, and why; one may have several reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct NoveltyCounts {
    /// Exams.
    pub exams: usize,
    /// Those flagged for any reason.
    pub flagged: usize,
    /// Those whose features lie too far from the training data's.
    pub features: usize,
    /// Those whose histogram of HU does.
    pub hu: usize,
    /// Those with a header value that no training exam has.
    pub headers: usize,
    /// Median distance of their features.
    pub median_distance: f64,
    /// Median index of their histograms of HU.
    pub median_hu_index: f64,
}

/// A header value that no training exam has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnseenValue {
    /// The field.
    pub field: HeaderField,
    /// The value.
    pub value: String,
    /// Exams with it.
    pub exams: usize,
}
