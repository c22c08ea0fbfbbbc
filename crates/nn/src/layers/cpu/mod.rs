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
mod values;

pub(super) use branch::{add, mean_of_maps, residual, weigh_by_mean};
pub(super) use convolve::{convolve, project};
pub(super) use normalise::normalise;
pub(crate) use optimizer::adam;
pub(super) use precision::rounded;
