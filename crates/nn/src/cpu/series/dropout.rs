//! Dropout with its gradient.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::cpu::buffer;
use crate::cpu::node::{Operand, Operation, run};
use crate::cpu::values::{plain, tensor};
use crate::kernels::dropout;

/// `x` `[rows, columns]` after a dropout; `x` back where the kernel cannot do it.
pub(crate) fn dropout(draw: dropout::Dropout, x: Tensor<2>) -> Result<Tensor<2>, Tensor<2>> {
    let dims = x.dims();
    let Some(operand) = Operand::of(&x) else {
        return Err(x);
    };
    Ok(run(Dropout, [operand], |[x]| {
        (applied(draw, &x, dims), (draw, dims))
    }))
}

fn applied(draw: dropout::Dropout, x: &FlexTensor, dims: [usize; 2]) -> FlexTensor {
    let mut out = buffer::take(dims[0] * dims[1]);
    draw.apply(&plain(x), &mut out);
    tensor(out, dims)
}

#[derive(Debug)]
struct Dropout;

impl Operation<1> for Dropout {
    type Saved = (dropout::Dropout, [usize; 2]);

    fn gradients(
        (draw, dims): Self::Saved,
        gradient: FlexTensor,
        wanted: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        [wanted[0].then(|| applied(draw, &gradient, dims))]
    }
}
