//! Squeeze-and-excitation.

use burn::tensor::{Tensor, activation};

use crate::context::ForwardContext;
use crate::cpu;

/// `x · sigmoid(gate(mean of x))` (squeeze-and-excitation; Hu et al., 2018, arXiv 1709.01507): maps `[batch, channels,
/// height, width]`, each weighed by its own number, which `gate` makes of the maps' means, both `[batch, channels, 1,
/// 1]`.
pub fn squeeze_excite(
    x: Tensor<4>,
    gate: impl FnOnce(Tensor<4>) -> Tensor<4>,
    context: &ForwardContext,
) -> Tensor<4> {
    match context.kernel((x, gate), |(x, gate)| cpu::squeeze_excite(x, gate)) {
        Ok(weighed) => weighed,
        Err((x, gate)) => {
            let weights = gate(x.clone().mean_dim(3).mean_dim(2));
            x * activation::sigmoid(weights)
        }
    }
}
