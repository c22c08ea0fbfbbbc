//! Maps that go two ways and come together again: shortcuts, and channels weighed by what they are themselves.
//!
//! burn adds the two gradients of such maps by its own operation, which loses the order of channels and runs on
//! one thread. Here the way that joins leaves its gradient with the branch, which adds it to what comes along the
//! other way. The way back passes the joint before the branch: all that lies between is a path between them.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::activation::Activation;
use crate::kernels::{combine, squeeze};

use super::buffer;
use super::node::{Operand, Operation, any_tracked, run};
use super::values::{Dims, channels_last, dims, maps, own, plain, tensor};

/// The gradient that a joint leaves for its branch.
#[derive(Clone, Debug, Default)]
struct Left(Arc<Mutex<Option<FlexTensor>>>);

impl Left {
    fn put(&self, gradient: FlexTensor) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(gradient);
    }

    fn take(&self) -> Option<FlexTensor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn operand(x: &Tensor<4>) -> Option<Operand> {
    Operand::of(x).filter(|_| x.shape().num_elements() > 0)
}

/// `activation(main(x) + x)`, or `x` and `main` back where kernels cannot do it.
pub(crate) fn residual<F: FnOnce(Tensor<4>) -> Tensor<4>>(
    x: Tensor<4>,
    activation: Activation,
    main: F,
) -> Result<Tensor<4>, (Tensor<4>, F)> {
    let Some(maps_in) = operand(&x) else {
        return Err((x, main));
    };
    let left = Left::default();
    let values = maps_in.clone().values();
    let branched = run(Branch, [maps_in], |[x]| (x, left.clone()));
    let y = main(branched);
    let Some(joined) = operand(&y).filter(|_| y.dims() == x.dims()) else {
        // The other way led off the CPU, which no network does.
        return Ok(activation.apply(y + x));
    };
    drop((x, y));
    let tracked = any_tracked(&[&joined]);
    Ok(run(Join, [joined], |[y]| {
        let (output, sum) = activated_sum(y, &values, activation, tracked);
        (output, (sum, activation, left))
    }))
}

/// `activation(x + y)`, and the sum where the way back needs it.
fn activated_sum(
    x: FlexTensor,
    y: &FlexTensor,
    activation: Activation,
    tracked: bool,
) -> (FlexTensor, Option<FlexTensor>) {
    let mut sum = own(x);
    combine::add(sum.storage_mut::<f32>(), &channels_last(y));
    if activation == Activation::None {
        return (sum, None);
    }
    if !tracked {
        combine::activate_in_place(activation, sum.storage_mut::<f32>());
        return (sum, None);
    }
    let mut output = buffer::take(sum.layout().num_elements());
    combine::activate(activation, &channels_last(&sum), &mut output);
    (maps(output, dims(&sum)), Some(sum))
}

/// `activation(x + y)`, or both back where kernels cannot do it.
pub(crate) fn add(
    x: Tensor<4>,
    y: Tensor<4>,
    activation: Activation,
) -> Result<Tensor<4>, (Tensor<4>, Tensor<4>)> {
    let (true, Some(a), Some(b)) = (x.dims() == y.dims(), operand(&x), operand(&y)) else {
        return Err((x, y));
    };
    drop((x, y));
    let tracked = any_tracked(&[&a, &b]);
    Ok(run(Add, [a, b], |[x, y]| {
        let (output, sum) = activated_sum(x, &y, activation, tracked);
        (output, (sum, activation))
    }))
}

#[derive(Debug)]
struct Add;

impl Operation<2> for Add {
    type Saved = (Option<FlexTensor>, Activation);

    fn gradients(
        (sum, activation): Self::Saved,
        gradient: FlexTensor,
        _: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let gradient = through(sum, activation, gradient);
        [Some(gradient.clone()), Some(gradient)]
    }
}

/// The gradient of a sum from that of what an activation made of it.
fn through(sum: Option<FlexTensor>, activation: Activation, gradient: FlexTensor) -> FlexTensor {
    let Some(sum) = sum else { return gradient };
    let mut gradient = own(gradient);
    combine::activate_backward(activation, &channels_last(&sum), gradient.storage_mut::<f32>());
    gradient
}

#[derive(Debug)]
struct Branch;

impl Operation<1> for Branch {
    type Saved = Left;

    fn gradients(left: Left, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let Some(other) = left.take() else {
            return [Some(gradient)];
        };
        let mut gradient = own(gradient);
        combine::add(gradient.storage_mut::<f32>(), &channels_last(&other));
        [Some(gradient)]
    }
}

#[derive(Debug)]
struct Join;

impl Operation<1> for Join {
    type Saved = (Option<FlexTensor>, Activation, Left);

    fn gradients(
        (sum, activation, left): Self::Saved,
        gradient: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let gradient = through(sum, activation, gradient);
        left.put(gradient.clone());
        [Some(gradient)]
    }
}

/// `x · sigmoid(gate(mean of x))`, or `x` and `gate` back where kernels cannot do it.
pub(crate) fn squeeze_excite<F: FnOnce(Tensor<4>) -> Tensor<4>>(
    x: Tensor<4>,
    gate: F,
) -> Result<Tensor<4>, (Tensor<4>, F)> {
    let Some(maps_in) = operand(&x) else {
        return Err((x, gate));
    };
    let left = Left::default();
    let values = maps_in.clone().values();
    let [batch, channels, height, width] = x.dims();
    let size = [height * width, channels];
    let mean = run(Mean, [maps_in], |[x]| (mean_of(&x), (dims(&x), left.clone())));
    let gates = gate(mean);
    let Some(weights) = operand(&gates).filter(|_| gates.dims() == [batch, channels, 1, 1]) else {
        return Ok(x * burn::tensor::activation::sigmoid(gates));
    };
    drop((x, gates));
    Ok(run(Weigh, [weights], |[gates]| {
        let mut output = buffer::take(values.layout().num_elements());
        squeeze::weigh(&channels_last(&values), &plain(&gates), size, &mut output);
        (maps(output, dims(&values)), (values, gates, left))
    }))
}

fn mean_of(x: &FlexTensor) -> FlexTensor {
    let [batch, channels, height, width] = dims(x);
    let mut means = vec![0.0; batch * channels];
    squeeze::mean(&channels_last(x), [height * width, channels], &mut means);
    tensor(means, [batch, channels, 1, 1])
}

/// The mean of every map, or `x` back where kernels cannot do it.
pub(crate) fn global_avg_pool(x: Tensor<4>) -> Result<Tensor<4>, Tensor<4>> {
    let Some(operand) = operand(&x) else { return Err(x) };
    Ok(run(Mean, [operand], |[x]| {
        (mean_of(&x), (dims(&x), Left::default()))
    }))
}

#[derive(Debug)]
struct Mean;

impl Operation<1> for Mean {
    type Saved = (Dims, Left);

    fn gradients((dims, left): Self::Saved, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let [batch, channels, height, width] = dims;
        let size = [height * width, channels];
        let gradient = plain(&gradient);
        if let Some(other) = left.take() {
            let mut other = own(other);
            squeeze::add_mean_backward(&gradient, size, other.storage_mut::<f32>());
            return [Some(other)];
        }
        let mut out = buffer::take(batch * channels * height * width);
        squeeze::mean_backward(&gradient, size, &mut out);
        [Some(maps(out, dims))]
    }
}

#[derive(Debug)]
struct Weigh;

impl Operation<1> for Weigh {
    type Saved = (FlexTensor, FlexTensor, Left);

    fn gradients(
        (x, gate, left): Self::Saved,
        gradient: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let [batch, channels, height, width] = dims(&x);
        let mut gradient = own(gradient);
        let mut of_gate = vec![0.0; batch * channels];
        squeeze::weigh_backward(
            &channels_last(&x),
            &plain(&gate),
            [height * width, channels],
            gradient.storage_mut::<f32>(),
            &mut of_gate,
        );
        left.put(gradient);
        [Some(tensor(of_gate, [batch, channels, 1, 1]))]
    }
}
