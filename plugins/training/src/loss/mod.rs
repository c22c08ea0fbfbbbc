//! Losses, one file each.

pub mod asymmetric;
pub mod bce;
pub mod focal;
pub mod weighted_log_loss;
