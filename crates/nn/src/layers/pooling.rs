//! Global average pooling.

use burn::tensor::Tensor;

use crate::context::ForwardContext;
use crate::cpu;

/// The mean of every map (Lin et al., "Network In Network", arXiv 1312.4400): `[batch, channels, height, width]` to
/// `[batch, channels, 1, 1]`.
pub fn global_avg_pool(x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
    match context.kernel(x, cpu::global_avg_pool) {
        Ok(mean) => mean,
        Err(x) => x.mean_dim(3).mean_dim(2),
    }
}
