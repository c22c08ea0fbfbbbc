//! What convolutional networks spend their time in, computed on the CPU.
//!
//! Every kernel works on slices of `f32` in channels-last order: a map is `[batch, height, width, channels]`,
//! so that the innermost loop always runs over channels, whatever the size of the map, the kernel or its
//! stride. Nothing here knows of tensors or of gradients' bookkeeping; `ichflow-api` calls the kernels for
//! burn.
//!
//! **The same numbers every time.** Work is cut into pieces by its shape alone, never by the number of
//! threads, and what pieces add up is added in their order. So a result is the same bit for bit whatever
//! thread came first, on one core or on sixteen.

pub mod activation;
pub mod combine;
pub mod convolution;
pub mod depthwise;
pub mod geometry;
pub mod layout;
mod matrix;
pub mod normalisation;
pub mod optimiser;
pub mod precision;
pub mod squeeze;

pub use activation::Activation;
pub use geometry::Geometry;

/// Runs a block with the widest instructions of this processor, multiply-add among them.
macro_rules! vectorised {
    ($body:expr) => {
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => $body)
    };
}
pub(crate) use vectorised;
