//! Fits beside scikit-learn's: logistic regression, stacking, calibration curves.

#![expect(clippy::unwrap_used, reason = "a test fails at the right line")]

mod calibration;
mod header_only;
mod logistic;
mod stacking;
