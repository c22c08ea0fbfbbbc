//! Linear layers.

use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::context::{Call, ForwardContext, Values};
use crate::cpu;
use crate::layers::lowered::lowered;

/// Applies a linear layer: `[batch, features]` to `[batch, outputs]`. Off the tape, on the CPU, a row gives the same
/// bits in any batch.
///
/// # Panics
/// As burn's [`Linear`] does, when the number of features is not what the layer is for.
pub fn project(layer: &Linear, x: Tensor<2>, context: &ForwardContext) -> Tensor<2> {
    let y = lowered(layer, x, context, |layer, x| {
        match context.kernel(x, |x| cpu::project(layer, x)) {
            Ok(y) => y,
            Err(x) => layer.forward(x),
        }
    });
    let [inputs, _] = layer.weight.dims();
    context.called(Call {
        weight: layer.weight.id,
        output: &y.dims(),
        multiply_adds_per_value: inputs,
        values: Values::Features(&y),
    });
    y
}
