//! Distributions that intervals and tests need: normal and binomial (the incomplete beta function).
//!
//! Written here because they are few, and held against scipy to 1e-12 for the counts that occur, hundreds of
//! thousands of slices among them.

pub(crate) mod beta;
pub(crate) mod binomial;
pub(crate) mod normal;
