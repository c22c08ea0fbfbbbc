//! Convolutions.

use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

use crate::context::{Call, ForwardContext, Values};
use crate::cpu;
use crate::layers::lowered::lowered;

/// Applies a convolution: maps `[batch, inputs, height, width]` to `[batch, outputs, rows, columns]`.
///
/// On the CPU any groups, stride and padding have a kernel; dilated ones are burn's.
///
/// # Panics
/// As burn's [`Conv2d`] does, when the number of maps is not what the layer is for.
pub fn convolve(layer: &Conv2d, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
    let y = lowered(layer, x, context, |layer, x| {
        match context.kernel(x, |x| cpu::convolve(layer, x)) {
            Ok(y) => y,
            Err(x) => layer.forward(x),
        }
    });
    // Of a kernel `[outputs, inputs / groups, height, width]` every output value takes all but the first.
    let [_, inputs, height, width] = layer.weight.dims();
    context.called(Call {
        weight: layer.weight.id,
        output: &y.dims(),
        multiply_adds_per_value: inputs * height * width,
        values: Values::Maps(&y),
    });
    y
}
