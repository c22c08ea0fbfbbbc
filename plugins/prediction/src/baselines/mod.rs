//! Baselines: what can be predicted without a network, or without looking at the image at all. A score says little until
//! it is known how much of it they reach.
//!
//! | stage | what it knows of a slice |
//! |---|---|
//! | [`position-only`](position_only) | where along the head it lies |
//! | [`header-only`](header_only) | what its header says |
//! | [`histogram-logistic`](histogram_logistic) | its histogram of Hounsfield units, and where dense tissue is |
//!
//! [`parts`] has what all learn from and predict, [`regressions`] the logistic regressions of the last two.

pub mod header_only;
pub mod histogram_logistic;
mod parts;
pub mod position_only;
mod regressions;
