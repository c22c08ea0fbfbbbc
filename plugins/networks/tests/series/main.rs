//! Tests of networks over series: against PyTorch, and that a series' numbers are its own.

#![expect(clippy::unwrap_used, reason = "a test fails at the right line")]

mod alone;
#[path = "../it/formula.rs"]
#[expect(
    dead_code,
    reason = "images and backbones' weights are the other test program's"
)]
mod formula;
mod layers;
mod networks;
mod reference;
mod stages;
mod steps;
