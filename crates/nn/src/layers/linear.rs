//! Linear layers.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::context::{Call, ForwardContext, Values};
use crate::cpu;
use crate::layers::lowered::lowered;

/// Applies a linear layer: `[batch, features]` to `[batch, outputs]`. On the CPU, a row gives the same bits in any
/// batch.
///
/// # Panics
/// As burn's [`Linear`] does, when the number of features is not what the layer is for.
pub fn project(layer: &Linear, x: Tensor<2>, context: &ForwardContext) -> Tensor<2> {
    let y = lowered(layer, x, context, |layer, x| {
        // burn keeps it the other way around.
        let weight = layer.weight.val().transpose();
        let bias = layer.bias.as_ref().map(Param::val);
        match context.kernel(x, |x| cpu::series::linear(x, &weight, bias.as_ref())) {
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
