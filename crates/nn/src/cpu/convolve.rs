//! Convolutions.

use burn::backend::flex::FlexTensor;
use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

use crate::kernels::{Geometry, convolution, depthwise};

use super::buffer;
use super::node::{Operand, Operation, run};
use super::values::{channels_last, maps, plain, tensor};

/// The convolution of `x`, or `x` back where kernels cannot do it.
pub(crate) fn convolve(layer: &Conv2d, x: Tensor<4>) -> Result<Tensor<4>, Tensor<4>> {
    let Some(geometry) = geometry(layer, &x) else {
        return Err(x);
    };
    let weight = layer.weight.val();
    let (Some(maps), Some(weight)) = (Operand::of(&x), Operand::of(&weight)) else {
        return Err(x);
    };
    let Some(bias) = bias_of(layer.bias.as_ref()) else {
        return Err(x);
    };
    Ok(match bias {
        None => run(Convolve, [maps, weight], |[x, weight]| {
            let output = forward(&geometry, &x, &weight, None);
            (output, (geometry, x, weight))
        }),
        Some(bias) => run(Convolve, [maps, weight, bias], |[x, weight, bias]| {
            let output = forward(&geometry, &x, &weight, Some(&bias));
            (output, (geometry, x, weight))
        }),
    })
}

/// A layer's bias, if it has one; nothing where kernels cannot work on it.
fn bias_of(bias: Option<&Param<Tensor<1>>>) -> Option<Option<Operand>> {
    match bias {
        Some(bias) => Operand::of(&bias.val()).map(Some),
        None => Some(None),
    }
}

/// Zeros before the first row or column, and size of the output.
fn padded(size: usize, [before, after]: [usize; 2], kernel: usize, stride: usize) -> Option<(usize, usize)> {
    let room = (size + before + after).checked_sub(kernel)?;
    Some((before, room / stride + 1))
}

fn geometry(layer: &Conv2d, x: &Tensor<4>) -> Option<Geometry> {
    if layer.dilation != [1, 1] {
        return None;
    }
    let [batch, inputs, height, width] = x.dims();
    let [outputs, group_inputs, down, right] = layer.weight.dims();
    let input = [height, width];
    let kernel = [down, right];
    let [vertical, horizontal] = match layer.padding {
        PaddingConfig2d::Valid => [[0; 2]; 2],
        PaddingConfig2d::Explicit(top, left, bottom, right) => [[top, bottom], [left, right]],
        // As many zeros as make the output ⌈size / stride⌉, an odd one at the end.
        PaddingConfig2d::Same => [0, 1].map(|axis| {
            let output = input[axis].div_ceil(layer.stride[axis]);
            let needed = output.saturating_sub(1) * layer.stride[axis] + kernel[axis];
            let zeros = needed.saturating_sub(input[axis]);
            [zeros / 2, zeros - zeros / 2]
        }),
    };
    let (top, rows) = padded(height, vertical, down, layer.stride[0])?;
    let (left, columns) = padded(width, horizontal, right, layer.stride[1])?;
    let fits = batch > 0 && group_inputs > 0 && outputs > 0 && group_inputs * layer.groups == inputs;
    fits.then_some(Geometry {
        batch,
        input,
        output: [rows, columns],
        inputs,
        outputs,
        groups: layer.groups,
        kernel,
        stride: layer.stride,
        padding: [top, left],
    })
}

fn forward(
    geometry: &Geometry,
    x: &FlexTensor,
    weight: &FlexTensor,
    bias: Option<&FlexTensor>,
) -> FlexTensor {
    let mut output = buffer::take(geometry.output_len());
    let (x, weight, bias) = (channels_last(x), plain(weight), bias.map(plain));
    if geometry.is_depthwise() {
        depthwise::forward(geometry, &x, &weight, bias.as_deref(), &mut output);
    } else {
        convolution::forward(geometry, &x, &weight, bias.as_deref(), &mut output);
    }
    maps(
        output,
        [
            geometry.batch,
            geometry.outputs,
            geometry.output[0],
            geometry.output[1],
        ],
    )
}

#[derive(Debug)]
struct Convolve;

type Saved = (Geometry, FlexTensor, FlexTensor);

fn of_input(geometry: &Geometry, gradient: &[f32], weight: &FlexTensor) -> FlexTensor {
    let mut out = buffer::take(geometry.input_len());
    let compute = if geometry.is_depthwise() {
        depthwise::backward_input
    } else {
        convolution::backward_input
    };
    compute(geometry, gradient, &plain(weight), &mut out);
    maps(
        out,
        [
            geometry.batch,
            geometry.inputs,
            geometry.input[0],
            geometry.input[1],
        ],
    )
}

fn of_weight(geometry: &Geometry, x: &FlexTensor, gradient: &[f32]) -> FlexTensor {
    let mut out = buffer::take(geometry.weight_len());
    let compute = if geometry.is_depthwise() {
        depthwise::backward_weights
    } else {
        convolution::backward_weights
    };
    compute(geometry, &channels_last(x), gradient, &mut out);
    let [down, right] = geometry.kernel;
    tensor(out, [geometry.outputs, geometry.group_inputs(), down, right])
}

fn of_bias(geometry: &Geometry, gradient: &[f32]) -> FlexTensor {
    let mut out = vec![0.0; geometry.outputs];
    convolution::backward_bias(geometry.outputs, gradient, &mut out);
    tensor(out, [geometry.outputs])
}

impl Operation<2> for Convolve {
    type Saved = Saved;

    fn gradients(
        (geometry, x, weight): Saved,
        gradient: FlexTensor,
        wanted: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let gradient = channels_last(&gradient);
        [
            wanted[0].then(|| of_input(&geometry, &gradient, &weight)),
            wanted[1].then(|| of_weight(&geometry, &x, &gradient)),
        ]
    }
}

impl Operation<3> for Convolve {
    type Saved = Saved;

    fn gradients(
        (geometry, x, weight): Saved,
        gradient: FlexTensor,
        wanted: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let gradient = channels_last(&gradient);
        [
            wanted[0].then(|| of_input(&geometry, &gradient, &weight)),
            wanted[1].then(|| of_weight(&geometry, &x, &gradient)),
            wanted[2].then(|| of_bias(&geometry, &gradient)),
        ]
    }
}
