//! Fits beside scikit-learn's: logistic regression, stacking, calibration curves.

mod calibration;
mod logistic;
mod stacking;
