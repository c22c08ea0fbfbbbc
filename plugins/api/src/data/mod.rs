//! What stages hand to one another and people can read: slices, labels, folds, probabilities. Nothing here
//! touches a tensor.

pub mod annotations;
pub mod attribute;
pub mod axis_weights;
pub mod balance;
pub mod calibration;
pub mod cohort;
pub mod comparison;
pub mod drift;
pub mod exams;
pub mod external;
pub mod folds;
pub mod identity;
pub mod labelled;
pub mod labels;
pub mod likeness;
pub mod localization;
pub mod measures;
pub mod pixels;
pub mod predictions;
pub mod profile;
pub mod scan;
pub mod scores;
pub mod selection;
pub mod subject;
pub mod submission;
pub mod thresholds;
pub mod trained_on;
pub mod triage;
