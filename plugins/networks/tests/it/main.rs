//! Tests of whole networks: against timm, and of what a person can get wrong.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails at the right line"
)]

mod alone;
mod formula;
mod heads;
mod numbers;
mod parity;
mod published;
mod stages;
mod starting;
mod summary;
mod support;
mod weight_files;
