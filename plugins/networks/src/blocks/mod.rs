//! Layers that backbones are put together from.
//!
//! Fields are called as timm calls them, so that the path of a parameter (`blocks.1.0.conv_pw.weight`)
//! is its name in timm's weight files. A block is a [`Backbone`](ichflow_api::nn::Backbone)
//! itself: maps in, maps out. A list of unlike blocks is a `Vec<AnyBackbone>`, which, other than an
//! enum of blocks, adds nothing to the paths.

mod basic_block;
mod bottleneck;
mod channel_gate;
mod convolution;
mod depthwise_separable;
mod inverted_residual;
mod numbered;
mod space_to_depth;
mod squeeze_excite;
mod style;

pub use basic_block::BasicBlock;
pub use bottleneck::{Bottleneck, BottleneckConfig};
pub use channel_gate::ChannelGate;
pub use convolution::{Convolution, Padding};
pub use depthwise_separable::DepthwiseSeparable;
pub use inverted_residual::{InvertedResidual, InvertedResidualConfig};
pub use numbered::Numbered;
pub use space_to_depth::space_to_depth;
pub use squeeze_excite::SqueezeExcite;
pub use style::Style;
