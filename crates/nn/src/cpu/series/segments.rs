//! Softmax and sums over the slices of each series, with their gradients.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::cpu::node::{Operand, Operation, run};
use crate::cpu::values::{plain, tensor};
use crate::kernels::segments;
use crate::series::Lengths;

/// The softmax over each series of `scores` `[slices, 1]`; these back where the kernel cannot do it.
pub(crate) fn softmax(lengths: &Lengths, scores: Tensor<2>) -> Result<Tensor<2>, Tensor<2>> {
    let Some(operand) = Operand::of(&scores) else {
        return Err(scores);
    };
    Ok(run(Softmax, [operand], |[scores]| {
        let mut values = plain(&scores).into_owned();
        segments::softmax(lengths.each(), &mut values);
        let shares = tensor(values, [lengths.slices(), 1]);
        (shares.clone(), (lengths.clone(), shares))
    }))
}

#[derive(Debug)]
struct Softmax;

impl Operation<1> for Softmax {
    type Saved = (Lengths, FlexTensor);

    fn gradients(
        (lengths, shares): Self::Saved,
        gradient: FlexTensor,
        wanted: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        [wanted[0].then(|| {
            let mut values = plain(&gradient).into_owned();
            segments::softmax_backward(lengths.each(), &plain(&shares), &mut values);
            tensor(values, [lengths.slices(), 1])
        })]
    }
}

/// The sum of each series' rows `[slices, width]`, `[series, width]`; the rows back where the kernel cannot do it.
pub(crate) fn sum(lengths: &Lengths, rows: Tensor<2>) -> Result<Tensor<2>, Tensor<2>> {
    let [_, width] = rows.dims();
    let Some(operand) = Operand::of(&rows) else {
        return Err(rows);
    };
    Ok(run(Sum, [operand], |[rows]| {
        let mut out = vec![0.0; lengths.series() * width];
        segments::sum(lengths.each(), width, &plain(&rows), &mut out);
        (tensor(out, [lengths.series(), width]), (lengths.clone(), width))
    }))
}

#[derive(Debug)]
struct Sum;

impl Operation<1> for Sum {
    type Saved = (Lengths, usize);

    fn gradients(
        (lengths, width): Self::Saved,
        gradient: FlexTensor,
        wanted: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        [wanted[0].then(|| {
            let mut out = vec![0.0; lengths.slices() * width];
            segments::sum_backward(lengths.each(), width, &plain(&gradient), &mut out);
            tensor(out, [lengths.slices(), width])
        })]
    }
}
