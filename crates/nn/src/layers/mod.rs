//! The layers a network spends its time in, called in one place.
//!
//! A backbone that runs its convolutions through [`convolve`] instead of their own `forward`, its normalisation
//! through [`BatchNorm2d`] and its means over maps through [`global_avg_pool`], gets what is faster on the device at
//! hand and is counted in the model summary; the numbers are the same but for rounding. On the CPU these are
//! the kernels of this crate, with their own gradients, elsewhere burn's operations. Each is told by a
//! [`ForwardContext`](crate::ForwardContext) how to compute.

#![expect(
    clippy::result_large_err,
    reason = "what a kernel does not take comes back as it was given, for burn's operations"
)]

mod batch_norm;
mod channel_norm;
mod convolution;
mod linear;
mod lowered;
mod pooling;
mod residual;
mod slice_dropout;
pub(crate) mod slice_linear;
mod squeeze_excite;
#[cfg(test)]
mod tests;

pub use self::batch_norm::{BatchNorm2d, Normalised, normalise};
pub use self::channel_norm::ChannelNorm;
pub use self::convolution::convolve;
pub use self::linear::project;
pub use self::pooling::global_avg_pool;
pub use self::residual::{add, residual};
pub use self::slice_dropout::SliceDropout;
pub use self::slice_linear::SliceLinear;
pub use self::squeeze_excite::squeeze_excite;
pub use crate::activation::Activation;
