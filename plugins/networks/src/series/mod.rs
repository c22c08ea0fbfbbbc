//! Networks over the slices of series.
//!
//! `stage.rs` writes each one's stage, its checks and its factory; a further network is a file with its parameters and
//! its layers.

pub mod attention;
pub mod conv;
pub mod conv_gru;
pub mod gru;
pub mod lstm;
mod stage;
pub mod transformer;

pub use stage::ExamLogits;
