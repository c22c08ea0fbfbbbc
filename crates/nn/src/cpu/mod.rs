//! Layers on the CPU: burn's tensors in, kernels, burn's tensors out, with a node of the tape between.
//!
//! burn picks its backend at run time, and an extension reaches the backend's own tensors by asking for them
//! (`Tensor::try_into_primitive`): those of [`Flex`] off the tape, those of [`Autodiff<Flex>`] on it. What is
//! neither (another device, another number format, gradient checkpointing) is handed back, and burn's own
//! operations take it. The attribute `#[backend_extension]` is not used: what it generates stops the program on
//! every backend that has no kernel of its own.
//!
//! Maps stay channels-last in memory between kernels (`values`), and the memory of large ones is used again
//! (`buffer`).
//!
//! [`Flex`]: burn::backend::Flex
//! [`Autodiff<Flex>`]: burn::backend::Autodiff

#![expect(
    clippy::result_large_err,
    reason = "what cannot be computed here is handed back as it came: a tensor is moved either way"
)]

mod branch;
mod buffer;
mod convolve;
mod node;
mod normalise;
mod optimizer;
mod precision;
pub(crate) mod series;
mod values;

pub(crate) use branch::{add, global_avg_pool, residual, squeeze_excite};
pub(crate) use convolve::convolve;
pub use normalise::Normalised;
pub(crate) use normalise::normalise;
pub use optimizer::AdamState;
pub(crate) use optimizer::adam;
pub(crate) use precision::rounded;
