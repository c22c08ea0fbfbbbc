//! Exams sorted into high, low and uncertain, so that a promise about errors holds.
//!
//! [`learn_then_test`] promises predictive values: of those called high, at most a share is wrong, with a stated
//! probability. [`conformal`] promises rates of each class: of the positives, at most a share is called low, on average
//! over calibration sets. Both take one case a patient.

mod conformal;
mod cuts;
mod fixed_sequence;
mod learn_then_test;
mod limit;

pub use conformal::{Conformal, ConformalCut, MondrianP, conformal, mondrian_p};
pub use cuts::{Cuts, TriageClass};
pub use fixed_sequence::{TestedThreshold, fixed_sequence_high, fixed_sequence_low};
pub use learn_then_test::{LearnThenTest, learn_then_test};
pub use limit::ErrorLimit;
