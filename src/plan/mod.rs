//! The plan: which stage's output feeds which input, what it will be, and the key that names each result. Planning runs
//! nothing.
//!
//! [`planned`] goes from a recipe file to its plans, of which [`Plan`] is one; [`forecast`] says what a run would do,
//! [`needs`] what it would take, held against what the [`machine`] has, and [`network`] what is trained.

pub mod forecast;
pub mod key;
pub mod machine;
pub mod needs;
pub mod network;
pub mod planned;
mod ready;
mod wiring;

pub use ready::{Plan, PlannedStage};
pub use wiring::Wire;
