//! Metrics, computed in f64 from all predictions at once, by the same code wherever a number appears.

mod accuracy;
mod bootstrap;
mod log_loss;
mod ranking;

pub use accuracy::accuracy;
pub use bootstrap::{Interval, cluster_bootstrap};
pub use log_loss::{DEFAULT_EPS, label_log_loss, priors, priors_log_loss, weighted_log_loss};
pub use ranking::{CurvePoint, auc, average_precision, precision_recall_curve, roc_curve};
