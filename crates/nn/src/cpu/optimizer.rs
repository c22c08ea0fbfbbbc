//! A step of Adam in one pass over memory.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::kernels::optimizer::Adam;

use super::node::Operand;
use super::values::{own_plain, plain, tensor};

/// Adam's mean and uncentred variance of a weight's gradients; nothing before the first step, when both are zero.
pub type AdamState<const D: usize> = Option<[Tensor<D>; 2]>;

/// The weight and the state after a step, or everything back where kernels cannot do it. All are off the tape.
pub(crate) fn adam<const D: usize>(
    settings: Adam,
    weight: Tensor<D>,
    gradient: Tensor<D>,
    state: AdamState<D>,
) -> Result<(Tensor<D>, AdamState<D>), (Tensor<D>, Tensor<D>, AdamState<D>)> {
    let off_the_tape = |tensor: &Tensor<D>| match Operand::of(tensor) {
        Some(Operand::Plain(tensor)) => Some(tensor),
        _ => None,
    };
    let moments = match &state {
        None => Some(None),
        Some([mean, variance]) => off_the_tape(mean).zip(off_the_tape(variance)).map(Some),
    };
    let (Some(values), Some(slopes), Some(moments)) =
        (off_the_tape(&weight), off_the_tape(&gradient), moments)
    else {
        return Err((weight, gradient, state));
    };
    let dims = weight.dims();
    // Given up here, so that the memory can be written over.
    drop((weight, state));
    let zeros = || tensor(vec![0.0; slopes.layout().num_elements()], dims);
    let (mean, variance) = moments.unwrap_or_else(|| (zeros(), zeros()));
    let [mut values, mut mean, mut variance] = [values, mean, variance].map(own_plain);
    settings.step(
        values.storage_mut::<f32>(),
        &plain(&slopes),
        mean.storage_mut::<f32>(),
        variance.storage_mut::<f32>(),
    );
    let back = |tensor: FlexTensor| Tensor::from_primitive::<Flex>(tensor);
    Ok((back(values), Some([back(mean), back(variance)])))
}
