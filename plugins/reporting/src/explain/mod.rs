//! `grad-cam`: where the network looked.
//!
//! `stage` chooses the slices, `map` computes their heat maps and `overlay` draws them.

mod map;
mod overlay;
mod stage;

pub use map::{Explainer, HeatMap, Weighing};
pub(crate) use overlay::overlay;
pub use stage::{GradCam, HeatMaps};

#[cfg(test)]
mod tests;
