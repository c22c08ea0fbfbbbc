//! Whole-program tests: `ichflow` run as a person runs it, its output and its files checked.
//!
//! One binary, so that the program is linked once; one module a subject. What needs a GPU is in `tests/gpu.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails at the right line"
)]

#[path = "../common/mod.rs"]
mod common;

mod after;
mod archive;
mod bits;
mod cache;
mod catalogue;
mod commands;
mod diagnostics;
mod docs;
mod doctor;
mod drift;
mod dry_runs;
mod eda;
mod errors;
mod failures;
mod hospitals;
mod label_review;
mod labels;
mod leaks;
mod learned_window;
mod levels;
mod messages;
mod planning;
mod predict;
mod privacy;
mod resume;
mod rsna_like;
mod run;
mod runs;
mod score;
mod series;
mod serve;
mod shards;
mod store;
mod sweep;
mod table;
mod training_steps;
mod triage;
mod window;
mod windowing_page;
mod words;
