//! What sequence networks compute, on the CPU.

use burn::tensor::Tensor;

use super::node::Operand;

mod attention;
mod dropout;
mod linear;
mod recurrent;
mod segments;

pub(crate) use attention::self_attention;
pub(crate) use dropout::dropout;
pub(crate) use linear::linear;
pub(crate) use recurrent::recurrent;
pub(crate) use segments::{softmax, sum};

/// Whether kernels can work on a tensor.
pub(crate) fn is_at_hand(x: &Tensor<2>) -> bool {
    Operand::of(x).is_some()
}
