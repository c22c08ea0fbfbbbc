//! What training data looked like, and how far an exam is from that: in the network's features, in its histogram of HU,
//! and in what its headers say.
//!
//! [`headers`] and [`hu_counts`] are the facts, [`reading`] what is read of slices, [`data_profile`] the training data's, and
//! [`exam`] what is said of an exam beside it.

mod data_profile;
mod exam;
mod headers;
mod hu_counts;
mod reading;

pub use data_profile::{DataProfile, Gathered, Limits, TYPICAL_SHARE, ValidationExam};
pub use exam::{ExamNovelty, Unseen};
pub use headers::{HeaderFacts, HeaderField};
pub use hu_counts::{HU_EDGES, HuCounts};
pub use reading::{Novelty, Reading, Readings};
