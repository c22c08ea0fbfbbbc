//! Everything the author of an ichflow plugin sees.
//!
//! A plugin is a crate of *stages*. A stage is one type: its fields are the parameters a recipe may
//! set, its documentation comments are the help a person reads, and its [`Stage`] implementation says
//! which artifacts it takes and offers and what it does. [`register!`] puts it into the registry that
//! serves `run`, `check`, `stages`, `describe` and the generated documentation alike.
//!
//! ```
//! use ichflow_api::prelude::*;
//!
//! /// Every slice through one fixed window, repeated into three channels.
//! #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
//! #[serde(default, deny_unknown_fields)]
//! pub struct PlainBrain {
//!     /// Window center, in HU.
//!     pub center: f64,
//!     /// Window width, in HU.
//!     #[schemars(range(min = 1.0))]
//!     pub width: f64,
//! }
//!
//! impl Default for PlainBrain {
//!     fn default() -> Self {
//!         Self { center: 40.0, width: 80.0 }
//!     }
//! }
//!
//! impl WindowScheme for PlainBrain {
//!     fn channels(&self) -> usize {
//!         3
//!     }
//!     fn apply(&self, batch: &HuBatch) -> Tensor<4> {
//!         linear_window(batch.hu(), self.center, self.width).repeat_dim(1, 3)
//!     }
//! }
//!
//! impl Stage for PlainBrain {
//!     const NAME: &'static str = "plain-brain";
//!     const FAMILY: Family = Family::Window;
//!     const SUMMARY: &'static str = "one fixed window in three channels";
//!     const EXAMPLE: &'static str = "[window]\nuse = \"plain-brain\"\ncenter = 35\n";
//!     fn ports(&self) -> Ports {
//!         Ports::new().output(Output::of::<Window>("window").channels(3))
//!     }
//!     fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
//!         Ok(Outputs::new().with("window", Window::new(self.clone())))
//!     }
//! }
//!
//! ichflow_api::register!(PlainBrain);
//! # fn main() {}
//! ```

pub mod augmentation;
pub mod balance;
pub mod calibration;
pub mod channel_norm;
pub mod cohort;
pub mod command;
pub mod context;
pub mod device;
pub mod digest;
pub mod erased;
pub mod error;
pub mod feed;
pub mod folds;
pub mod guard;
pub mod head;
pub mod kept;
pub mod labels;
pub mod layers;
pub mod learned_window;
pub mod loss;
pub mod metrics;
pub mod model;
pub mod needs;
pub mod network;
pub mod pieces;
pub mod pixels;
pub mod ports;
pub mod predictions;
pub mod registry;
pub mod resample;
pub mod scores;
pub mod shard;
pub mod slice_files;
pub mod stage;
pub mod submission;
pub mod summary;
pub mod testkit;
pub mod thresholds;
pub mod views;
pub mod weights;
pub mod window;
mod window_table;

/// Re-exported so that [`register!`] works in crates that do not name inventory themselves.
pub use inventory;

/// What nearly every stage needs.
pub mod prelude {
    pub use crate::augmentation::{Augment, Augmentation};
    pub use crate::balance::Balance;
    pub use crate::calibration::Calibration;
    pub use crate::cohort::{Cohort, Slice, SliceTags};
    pub use crate::context::Context;
    pub use crate::error::{Error, Result, ResultExt};
    pub use crate::folds::{Fold, Folds};
    pub use crate::labels::{LABELS, Labels};
    pub use crate::learned_window::LearnedWindow;
    pub use crate::loss::{Loss, LossFunction};
    pub use crate::model::{History, Model};
    pub use crate::network::{Backbone, Network, NetworkFactory, NetworkSpec, Normalisation};
    pub use crate::pixels::{HuImage, PixelSource, Pixels};
    pub use crate::ports::{Artifact, Input, Inputs, Output, Outputs, Ports};
    pub use crate::predictions::Predictions;
    pub use crate::scores::Scores;
    pub use crate::stage::{ExternalPath, Family, Problem, Stage};
    pub use crate::submission::SampleSubmission;
    pub use crate::thresholds::Thresholds;
    pub use crate::window::{CenterWidth, HuBatch, Window, WindowScheme, linear_window};
    pub use burn::tensor::{Device, Tensor};
    pub use schemars::{self, JsonSchema};
    pub use serde::{self, Deserialize, Serialize};
}
