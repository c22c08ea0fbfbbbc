//! Attention among the slices of a series, with its gradients.

use std::sync::Arc;

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::cpu::node::{Operand, Operation, run};
use crate::cpu::values::{plain, tensor};
use crate::kernels::self_attention::{Sizes, backward, forward};
use crate::series::Lengths;

/// What each slice draws from its series, `[slices, model]`, of queries, keys and values `[slices, 3 · model]`; these
/// back where the kernel cannot do it.
pub(crate) fn self_attention(
    heads: usize,
    lengths: &Lengths,
    rows: Tensor<2>,
) -> Result<Tensor<2>, Tensor<2>> {
    let [slices, columns] = rows.dims();
    let Some(operand) = Operand::of(&rows) else {
        return Err(rows);
    };
    let model = columns / 3;
    let sizes = Sizes {
        heads,
        width: model / heads.max(1),
    };
    Ok(run(Attention, [operand], |[rows]| {
        let mut out = vec![0.0; slices * model];
        let shares = forward(sizes, lengths.each(), &plain(&rows), &mut out);
        let saved = Saved {
            sizes,
            lengths: lengths.clone(),
            rows,
            shares: Arc::new(shares),
        };
        (tensor(out, [slices, model]), saved)
    }))
}

#[derive(Debug)]
struct Attention;

#[derive(Clone, Debug)]
struct Saved {
    sizes: Sizes,
    lengths: Lengths,
    rows: FlexTensor,
    shares: Arc<Vec<Vec<f32>>>,
}

impl Operation<1> for Attention {
    type Saved = Saved;

    fn gradients(saved: Saved, gradient: FlexTensor, wanted: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let Saved {
            sizes,
            lengths,
            rows,
            shares,
        } = saved;
        let columns = 3 * sizes.heads * sizes.width;
        [wanted[0].then(|| {
            let mut out = vec![0.0; lengths.slices() * columns];
            backward(
                sizes,
                lengths.each(),
                &plain(&rows),
                &shares,
                &plain(&gradient),
                &mut out,
            );
            tensor(out, [lengths.slices(), columns])
        })]
    }
}
