//! What training computes beside PyTorch: losses, optimizers, learning-rate schedules.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails at the right line")]

mod losses;
mod optimizers;
mod schedules;
