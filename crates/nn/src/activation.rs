//! The functions between layers.

use burn::tensor::{Tensor, activation};

pub use crate::kernels::activation::Activation;

impl Activation {
    /// Applies it to every value.
    pub fn apply<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::None => x,
            Self::Relu => activation::relu(x),
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::Silu => activation::silu(x),
        }
    }
}
