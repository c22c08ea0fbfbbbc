//! Values and gradients rounded to bfloat16, kept as f32: what a processor without bfloat16 arithmetic can do.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::kernels::precision::round_to_bf16;

use super::node::{Operand, Operation, run};
use super::values::own_dense;

/// `x` rounded, whose gradient is rounded as well; `x` back where kernels cannot do it.
pub(crate) fn rounded<const D: usize>(x: Tensor<D>) -> Result<Tensor<D>, Tensor<D>> {
    let Some(operand) = Operand::of(&x) else {
        return Err(x);
    };
    drop(x);
    Ok(run(Round, [operand], |[x]| (round(x), ())))
}

fn round(tensor: FlexTensor) -> FlexTensor {
    let mut tensor = own_dense(tensor);
    round_to_bf16(tensor.storage_mut::<f32>());
    tensor
}

#[derive(Debug)]
struct Round;

impl Operation<1> for Round {
    type Saved = ();

    fn gradients((): (), gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        [Some(round(gradient))]
    }
}
