//! Everything the author of an ichflow plugin sees.
//!
//! A plugin is a crate of *stages*. A stage is one type: its fields are the parameters a recipe may
//! set, its documentation comments are the help a person reads, and its [`Stage`](stage::Stage) implementation says
//! which artifacts it takes and offers and what it does. [`register!`] puts it into the registry that
//! serves `run`, `check`, `stages`, `describe` and the generated documentation alike. For a windowing scheme,
//! [`window_stage!`] does both.
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
//! ichflow_api::window_stage!(
//!     PlainBrain, "plain-brain": "one fixed window in three channels",
//!     example = "[window]\nuse = \"plain-brain\"\ncenter = 35\n",
//! );
//! # fn main() {}
//! ```

#[cfg(feature = "tensors")]
pub mod bundle;
pub mod cache;
pub mod command;
pub mod common_ports;
pub mod context;
pub mod counted;
pub mod data;
pub mod device;
pub mod digest;
pub mod encoding;
pub mod error;
pub mod guard;
pub mod layouts;
pub mod metric;
pub mod needs;
pub mod npy;
pub mod path_text;
pub mod ports;
pub mod registry;
pub mod slice_files;
pub mod stage;
#[cfg(feature = "tensors")]
pub mod tensors;
pub mod testkit;
pub mod text_table;

/// Layers, heads, weights in and out: what networks are built of.
#[cfg(feature = "tensors")]
pub use ichflow_nn as nn;

/// The library of metrics, for plugins, which name this crate alone.
pub use ichflow_metrics as metrics;

/// Re-exported so that [`register!`] works in crates that do not name inventory themselves.
pub use inventory;

/// What nearly every stage needs.
pub mod prelude {
    pub use crate::common_ports::{input, optional, output};
    pub use crate::context::Context;
    pub use crate::data::annotations::Annotations;
    pub use crate::data::balance::Balance;
    pub use crate::data::calibration::Calibration;
    pub use crate::data::cohort::{Cohort, Slice, SliceTags};
    pub use crate::data::folds::{Fold, Folds};
    pub use crate::data::labels::{LabelSet, Labels, Level};
    pub use crate::data::pixels::{HuImage, PixelSource, Pixels};
    pub use crate::data::predictions::Predictions;
    pub use crate::data::scores::Scores;
    pub use crate::data::submission::SampleSubmission;
    pub use crate::data::thresholds::Thresholds;
    pub use crate::data::trained_on::TrainedOn;
    pub use crate::error::{Error, Result, ResultExt};
    pub use crate::ports::{
        Artifact, Description, Descriptions, Input, Inputs, OptionalInput, Output, Outputs, Ports,
    };
    pub use crate::stage::{ExternalPath, Family, Problem, Stage};
    #[cfg(feature = "tensors")]
    pub use crate::tensors::{
        augmentation::{Augment, Augmentation},
        embeddings::Embeddings,
        history::History,
        hu_batch::{HuBatch, linear_window},
        loss::{Loss, LossFunction, Targets},
        model::Model,
        network::{NetworkFactory, NetworkSpec},
        series::{SeriesNetworkFactory, SeriesNetworkSpec},
        series_model::SeriesModel,
        window::{Window, WindowScheme},
    };
    #[cfg(feature = "tensors")]
    pub use burn::tensor::{Device, Tensor};
    #[cfg(feature = "tensors")]
    pub use ichflow_nn::{Backbone, CenterWidth, ForwardContext, LearnedWindow, Network, Normalisation};
    pub use schemars::{self, JsonSchema};
    pub use serde::{self, Deserialize, Serialize};
}
