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
//!
//! **The same numbers everywhere.** What is added up is added value after value or into as many sums as the code says,
//! never into as many as a vector has. Compilers neither reorder such sums nor fuse what is not written as `mul_add`,
//! which rounds once on every processor, and functions such as e^x are made of these (`activation`). So the width of
//! vectors, which `vectorised` chooses, changes no bit (`levels`), and neither do caches (`matrix`).

pub(crate) mod activation;
pub(crate) mod combine;
pub(crate) mod convolution;
pub(crate) mod depthwise;
pub(crate) mod dropout;
pub(crate) mod geometry;
pub(crate) mod halves;
pub(crate) mod layout;
mod levels;
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
pub(crate) use levels::level;
pub use levels::vectors;

/// Runs a block with the widest instructions of this processor, multiply-add among them.
macro_rules! vectorised {
    ($body:expr) => {
        fearless_simd::dispatch!($crate::kernels::level(), _simd => $body)
    };
}
pub(crate) use vectorised;
