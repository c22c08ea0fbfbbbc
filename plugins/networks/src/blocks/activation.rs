//! The nonlinearity between layers.

use burn::tensor::{Tensor, activation};
use ichflow_api::nn::layers;

/// A function applied to every value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x · sigmoid(x)`, also called swish.
    Silu,
}

impl Activation {
    /// Applies it.
    pub fn apply<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(x),
            Self::Relu6 => x.clamp(0.0, 6.0),
            Self::Silu => activation::silu(x),
        }
    }

    /// Its name among the layers that apply it together with what comes before.
    pub fn fused(self) -> layers::Activation {
        match self {
            Self::Relu => layers::Activation::Relu,
            Self::Relu6 => layers::Activation::Relu6,
            Self::Silu => layers::Activation::Silu,
        }
    }
}
