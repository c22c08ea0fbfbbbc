//! Losses, one file each.

pub mod bce;
pub mod weighted_log_loss;
