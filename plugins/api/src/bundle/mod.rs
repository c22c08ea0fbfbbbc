//! Model bundles, which the stage `model-bundle` writes: what is in them, and predicting with one.
//!
//! [`mod@format`] is what their files hold, [`Bundle`] one that was opened, [`Predictor`] predicts slices with it;
//! [`machine`] runs the stages of its chain, whose wires [`wires`] knows.

pub mod format;
pub mod machine;
mod opened;
mod predictor;
pub mod wires;

pub use format::{BundledExams, Index as BundleIndex, Reference};
pub use opened::Bundle;
pub use predictor::{Predicted, Predictor};
