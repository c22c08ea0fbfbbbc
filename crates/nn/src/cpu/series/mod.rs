//! What sequence networks compute, on the CPU.

mod attention;
mod linear;
mod recurrent;
mod segments;

pub(crate) use attention::self_attention;
pub(crate) use linear::linear;
pub(crate) use recurrent::recurrent;
pub(crate) use segments::{softmax, sum};
