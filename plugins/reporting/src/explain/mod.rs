//! `grad-cam`: where the network looked; `localization`: whether that is where findings are.
//!
//! `stage` chooses the slices, [`heat_map`](ichflow_api::tensors::heat_map) computes their heat maps and `overlay` draws
//! them. `localization` holds them against
//! annotations.

mod localization;
mod overlay;
mod stage;

pub use localization::Localize;
pub(crate) use overlay::overlay;
pub use stage::{GradCam, HeatMaps};

#[cfg(test)]
mod tests;
