//! `select-series`: which series of an exam is its plain axial head CT.
//!
//! [`measured`] says what headers tell of a series, [`patterns`] what its description and kernel say, [`fingerprint`] what
//! its pixels show; [`rules`] are held against them in order, and of what passes [`choose`] takes one series a study.

mod choose;
mod fingerprint;
mod measured;
mod patterns;
mod rules;
mod stage;
mod table;

#[cfg(test)]
mod tests;

pub use choose::Prefer;
pub use patterns::{OtherPattern, Patterns};
pub use rules::{Contrast, Kernel};
pub use stage::SelectSeries;
