//! Recurrences with their gradients.

use std::marker::PhantomData;
use std::sync::Arc;

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::cpu::buffer;
use crate::cpu::node::{Operand, Operation, run};
use crate::cpu::values::{plain, tensor};
use crate::kernels::recurrent::{Cell, Gru, Lstm, Sizes, Trace, backward, forward};
use crate::series::{CellKind, Lengths};

/// The states `[slices, directions · hidden]` of a recurrence over each series, of the input's products `input`
/// `[slices, directions · gates · hidden]`, the state's weights `[directions · gates · hidden, hidden]` and their bias;
/// `input` back where the kernel cannot do it.
pub(crate) fn recurrent(
    kind: CellKind,
    directions: usize,
    lengths: &Lengths,
    input: Tensor<2>,
    weight: &Tensor<2>,
    bias: &Tensor<1>,
) -> Result<Tensor<2>, Tensor<2>> {
    let [_, hidden] = weight.dims();
    let (Some(values), Some(weight), Some(bias)) =
        (Operand::of(&input), Operand::of(weight), Operand::of(bias))
    else {
        return Err(input);
    };
    let sizes = Sizes { hidden, directions };
    let operands = [values, weight, bias];
    Ok(match kind {
        CellKind::Gru => run_cell::<Gru>(sizes, lengths, operands),
        CellKind::Lstm => run_cell::<Lstm>(sizes, lengths, operands),
    })
}

fn run_cell<C: Cell>(sizes: Sizes, lengths: &Lengths, operands: [Operand; 3]) -> Tensor<2> {
    run(Recurrent::<C>(PhantomData), operands, |[input, weight, bias]| {
        let (slices, width) = (lengths.slices(), sizes.directions * sizes.hidden);
        let mut out = buffer::take(slices * width);
        let traces = forward::<C>(
            sizes,
            lengths.each(),
            &plain(&input),
            &plain(&weight),
            &plain(&bias),
            &mut out,
        );
        let saved = Saved {
            sizes,
            slices,
            weight,
            traces: Arc::new(traces),
        };
        (tensor(out, [slices, width]), saved)
    })
}

#[derive(Debug)]
struct Recurrent<C>(PhantomData<C>);

#[derive(Clone, Debug)]
struct Saved {
    sizes: Sizes,
    slices: usize,
    weight: FlexTensor,
    traces: Arc<Vec<Trace>>,
}

impl<C: Cell> Operation<3> for Recurrent<C> {
    type Saved = Saved;

    fn gradients(saved: Saved, gradient: FlexTensor, wanted: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let Saved {
            sizes,
            slices,
            weight,
            traces,
        } = saved;
        let found = backward::<C>(sizes, slices, &traces, &plain(&weight), &plain(&gradient));
        let width = sizes.directions * C::GATES * sizes.hidden;
        [
            wanted[0].then(|| tensor(found.input, [slices, width])),
            wanted[1].then(|| tensor(found.weight, [width, sizes.hidden])),
            wanted[2].then(|| tensor(found.bias, [width])),
        ]
    }
}
