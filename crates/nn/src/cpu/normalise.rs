//! Batch normalisation with the function that follows it.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::activation::Activation;
use crate::kernels::normalisation::{Normalisation, statistics};

use super::buffer;
use super::node::{Operand, Operation, any_tracked, run};
use super::values::{channels_last, dims, maps, own, plain, tensor};

/// What a batch normalisation has been given and what it gives.
pub struct Normalised {
    /// `activation((x − mean) / √(variance + ε) · weight + bias)`, `[batch, channels, height, width]`.
    pub output: Tensor<4>,
    /// Mean and biased variance of the batch, `[channels]`, off the tape; nothing where they were given.
    pub of_batch: Option<[Tensor<1>; 2]>,
}

type Inputs = (Tensor<4>, [Tensor<1>; 2], Option<[Tensor<1>; 2]>);

/// See [`crate::layers::normalise`]; the inputs back where kernels cannot do it.
pub(crate) fn normalise(
    x: Tensor<4>,
    [weight, bias]: [Tensor<1>; 2],
    given: Option<[Tensor<1>; 2]>,
    epsilon: f64,
    activation: Activation,
) -> Result<Normalised, Inputs> {
    let operands = (Operand::of(&x), Operand::of(&weight), Operand::of(&bias));
    let (true, (Some(maps_in), Some(scale), Some(shift))) = (x.shape().num_elements() > 0, operands) else {
        return Err((x, [weight, bias], given));
    };
    let values =
        |tensor: &Tensor<1>| Operand::of(tensor).map(|operand| plain(&operand.values()).into_owned());
    let given_values = match &given {
        None => None,
        Some([mean, variance]) => match (values(mean), values(variance)) {
            (Some(mean), Some(variance)) => Some([mean, variance]),
            _ => return Err((x, [weight, bias], given)),
        },
    };
    let of_batch = given_values.is_none();
    let [_, channels, _, _] = x.dims();
    // Given up here, so that values nobody else needs can be written over.
    drop(x);
    let tracked = any_tracked(&[&maps_in, &scale, &shift]);
    let mut statistics_of_batch = None;
    let output = run(Normalise, [maps_in, scale, shift], |[x, scale, shift]| {
        let [mean, variance] =
            given_values.unwrap_or_else(|| <[Vec<f32>; 2]>::from(statistics(&channels_last(&x), channels)));
        let lines = [&*plain(&scale), &*plain(&shift)];
        let normalisation = Normalisation::new([&mean, &variance], epsilon, lines, activation);
        statistics_of_batch = Some([mean, variance]);
        if !tracked {
            let mut x = own(x);
            normalisation.forward_in_place(x.storage_mut::<f32>());
            return (x.clone(), (normalisation, x, of_batch));
        }
        let mut output = buffer::take(x.layout().num_elements());
        normalisation.forward(&channels_last(&x), &mut output);
        (maps(output, dims(&x)), (normalisation, x, of_batch))
    });
    let statistics = statistics_of_batch.filter(|_| of_batch).map(|statistics| {
        statistics
            .map(|values| Tensor::from_inner(Tensor::from_primitive::<Flex>(tensor(values, [channels]))))
    });
    Ok(Normalised {
        output,
        of_batch: statistics,
    })
}

#[derive(Debug)]
struct Normalise;

impl Operation<3> for Normalise {
    type Saved = (Normalisation, FlexTensor, bool);

    fn gradients(
        (normalisation, x, of_batch): Self::Saved,
        gradient: FlexTensor,
        _: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let mut gradient = own(gradient);
        let (weight, bias) =
            normalisation.backward(&channels_last(&x), gradient.storage_mut::<f32>(), of_batch);
        let channels = weight.len();
        [
            Some(gradient),
            Some(tensor(weight, [channels])),
            Some(tensor(bias, [channels])),
        ]
    }
}
