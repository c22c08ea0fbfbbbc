#![doc = include_str!("../README.md")]

mod accuracy;
mod bootstrap;
mod brier;
mod calibration_error;
mod confusion;
mod log_loss;
mod operating_point;
mod ranked;
mod ranking;

pub use accuracy::accuracy;
pub use bootstrap::{Interval, PairedDifference, cluster_bootstrap, paired_bootstrap};
pub use brier::brier;
pub use calibration_error::{ReliabilityBin, expected_calibration_error, reliability};
pub use confusion::Confusion;
pub use log_loss::{DEFAULT_EPS, label_log_loss, prevalence, prevalence_log_loss, weighted_log_loss};
pub use operating_point::{OperatingPoint, Target, operating_point, sensitivity_at_specificity};
pub use ranked::Ranked;
pub use ranking::{CurvePoint, auroc, average_precision, precision_recall_curve, roc_curve};
