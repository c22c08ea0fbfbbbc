#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod activation;
mod backbone;
mod center_width;
mod context;
mod cpu;
mod embedded_layer;
mod erased;
mod error;
mod head;
pub(crate) mod kernels;
pub mod layers;
pub mod learned_window;
mod network;
mod normalisation;
pub mod optimizer;
pub mod parameters;
mod precision;
pub mod series;
pub mod summary;
pub mod weights;

pub use backbone::Backbone;
pub use center_width::CenterWidth;
pub use context::{Call, ForwardContext, Observer, Values};
pub use embedded_layer::EmbeddedLayer;
pub use erased::AnyBackbone;
pub use error::{Error, NotWeights, Result};
pub use head::{Head, HeadKind, HeadPlan, Pool, Pooling};
pub use kernels::vectors;
pub use learned_window::LearnedWindow;
pub use network::Network;
pub use normalisation::Normalisation;
pub use precision::Precision;
