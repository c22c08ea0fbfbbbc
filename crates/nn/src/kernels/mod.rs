//! What convolutional networks spend their time in, computed on the CPU.
//!
//! Every kernel works on slices of `f32` in channels-last order: a map is `[batch, height, width, channels]`,
//! so that the innermost loop always runs over channels, whatever the size of the map, the kernel or its
//! stride. Nothing here knows of tensors or of gradients' bookkeeping; `layers::cpu` calls the kernels for
//! burn.
//!
//! **The same numbers every time.** Work is cut into pieces by its shape alone, never by the number of
//! threads, and what pieces add up is added in their order. So a result is the same bit for bit whatever
//! thread came first, on one core or on sixteen.

pub(crate) mod activation;
pub(crate) mod combine;
pub(crate) mod convolution;
pub(crate) mod depthwise;
pub(crate) mod dropout;
pub(crate) mod geometry;
pub(crate) mod halves;
pub(crate) mod layout;
pub(crate) mod linear;
mod matrix;
pub(crate) mod normalisation;
pub(crate) mod optimizer;
pub(crate) mod panels;
pub(crate) mod precision;
pub(crate) mod recurrent;
pub(crate) mod segments;
pub(crate) mod self_attention;
pub(crate) mod squeeze;

pub(crate) use activation::Activation;
pub(crate) use geometry::Geometry;

/// Runs a block with the widest instructions of this processor, multiply-add among them.
macro_rules! vectorised {
    ($body:expr) => {
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => $body)
    };
}
pub(crate) use vectorised;
