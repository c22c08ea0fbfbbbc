//! Linear layers over the slices of series.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

use crate::context::{Call, ForwardContext, Values};
use crate::cpu;
use crate::layers::lowered::{Change, Weighted, lowered};

/// A linear layer `x · weightᵀ + bias` over rows, with PyTorch's names, shapes and random start.
///
/// On the CPU it has a kernel with gradients of its own, and a row gives the same bits in any batch.
#[derive(Module, Debug)]
pub struct SliceLinear {
    /// `[outputs, inputs]`.
    pub weight: Param<Tensor<2>>,
    /// `[outputs]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl SliceLinear {
    /// A fresh layer: weights and bias are uniform within one over the root of `inputs`.
    pub fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        let start = uniform(inputs);
        Self {
            weight: start.init([outputs, inputs], device),
            bias: Some(start.init([outputs], device)),
        }
    }

    /// Without a bias.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = None;
        self
    }

    /// From `[slices, inputs]` to `[slices, outputs]`.
    pub fn forward(&self, x: Tensor<2>, context: &ForwardContext) -> Tensor<2> {
        let y = lowered(self, x, context, |layer, x| layer.product(x, context));
        context.called(Call {
            weight: self.weight.id,
            output: &y.dims(),
            multiply_adds_per_value: self.weight.dims()[1],
            values: Values::Features(&y),
        });
        y
    }

    fn product(&self, x: Tensor<2>, context: &ForwardContext) -> Tensor<2> {
        let weight = self.weight.val();
        let bias = self.bias.as_ref().map(Param::val);
        match context.kernel(x, |x| cpu::series::linear(x, &weight, bias.as_ref())) {
            Ok(y) => y,
            Err(x) => {
                let y = x.matmul(weight.transpose());
                match bias {
                    Some(bias) => y + bias.unsqueeze::<2>(),
                    None => y,
                }
            }
        }
    }
}

/// Uniform within one over the root of `fan`.
pub(crate) fn uniform(fan: usize) -> Initializer {
    let bound = 1.0 / (fan.max(1) as f64).sqrt();
    Initializer::Uniform {
        min: -bound,
        max: bound,
    }
}

impl Weighted for SliceLinear {
    fn with(&self, change: Change) -> Self {
        Self {
            weight: change.param(&self.weight),
            bias: self.bias.as_ref().map(|bias| change.param(bias)),
        }
    }
}
