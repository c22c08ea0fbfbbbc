//! Linear layers with their gradients.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::cpu::buffer;
use crate::cpu::node::{Operand, Operation, run};
use crate::cpu::values::{plain, tensor};
use crate::kernels::convolution::backward_bias;
use crate::kernels::linear::{Sizes, backward_input, backward_weight, forward};

/// `x · weightᵀ + bias` of `x` `[rows, inputs]`, `weight` `[outputs, inputs]` and `bias` `[outputs]`; `x` back where
/// the kernel cannot do it.
pub(crate) fn linear(
    x: Tensor<2>,
    weight: &Tensor<2>,
    bias: Option<&Tensor<1>>,
) -> Result<Tensor<2>, Tensor<2>> {
    let ([rows, inputs], [outputs, expected]) = (x.dims(), weight.dims());
    let bias = match bias.map(Operand::of) {
        Some(None) => return Err(x),
        Some(bias) => bias,
        None => None,
    };
    let (Some(values), Some(weight)) = (Operand::of(&x), Operand::of(weight)) else {
        return Err(x);
    };
    if inputs != expected {
        return Err(x);
    }
    let sizes = Sizes {
        rows,
        inputs,
        outputs,
    };
    let compute = |x: &FlexTensor, weight: &FlexTensor, bias: Option<&FlexTensor>| {
        let mut out = buffer::take(rows * outputs);
        let bias = bias.map(plain);
        forward(sizes, &plain(x), &plain(weight), bias.as_deref(), &mut out);
        tensor(out, [rows, outputs])
    };
    Ok(match bias {
        None => run(Linear, [values, weight], |[x, weight]| {
            (compute(&x, &weight, None), (sizes, x, weight))
        }),
        Some(bias) => run(Linear, [values, weight, bias], |[x, weight, bias]| {
            (compute(&x, &weight, Some(&bias)), (sizes, x, weight))
        }),
    })
}

#[derive(Debug)]
struct Linear;

type Saved = (Sizes, FlexTensor, FlexTensor);

fn of_input((sizes, _, weight): &Saved, gradient: &[f32]) -> FlexTensor {
    let mut out = buffer::take(sizes.rows * sizes.inputs);
    backward_input(*sizes, gradient, &plain(weight), &mut out);
    tensor(out, [sizes.rows, sizes.inputs])
}

fn of_weight((sizes, x, _): &Saved, gradient: &[f32]) -> FlexTensor {
    let mut out = buffer::take(sizes.outputs * sizes.inputs);
    backward_weight(*sizes, &plain(x), gradient, &mut out);
    tensor(out, [sizes.outputs, sizes.inputs])
}

fn of_bias((sizes, ..): &Saved, gradient: &[f32]) -> FlexTensor {
    let mut out = vec![0.0; sizes.outputs];
    backward_bias(sizes.outputs, gradient, &mut out);
    tensor(out, [sizes.outputs])
}

impl Operation<2> for Linear {
    type Saved = Saved;

    fn gradients(saved: Saved, gradient: FlexTensor, wanted: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let gradient = plain(&gradient);
        [
            wanted[0].then(|| of_input(&saved, &gradient)),
            wanted[1].then(|| of_weight(&saved, &gradient)),
        ]
    }
}

impl Operation<3> for Linear {
    type Saved = Saved;

    fn gradients(saved: Saved, gradient: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let gradient = plain(&gradient);
        [
            wanted[0].then(|| of_input(&saved, &gradient)),
            wanted[1].then(|| of_weight(&saved, &gradient)),
            wanted[2].then(|| of_bias(&saved, &gradient)),
        ]
    }
}
