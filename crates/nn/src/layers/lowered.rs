//! Layers whose products are of fewer digits than f32 has.

use burn::module::Param;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{FloatDType, Tensor};

use crate::context::ForwardContext;
use crate::cpu;
use crate::precision::Precision;

/// A layer with weights.
pub(super) trait Weighted: Sized {
    /// The layer with other values for its weights.
    fn with(&self, change: Change) -> Self;
}

impl Weighted for Conv2d {
    fn with(&self, change: Change) -> Self {
        let mut layer = self.clone();
        layer.weight = change.param(&self.weight);
        layer.bias = self.bias.as_ref().map(|bias| change.param(bias));
        layer
    }
}

impl Weighted for Linear {
    fn with(&self, change: Change) -> Self {
        let mut layer = self.clone();
        layer.weight = change.param(&self.weight);
        layer.bias = self.bias.as_ref().map(|bias| change.param(bias));
        layer
    }
}

/// How values become bfloat16.
#[derive(Clone, Copy)]
pub(super) enum Change {
    /// Rounded, as f32.
    Rounded,
    /// As what they are.
    Cast,
}

impl Change {
    fn value<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Cast => x.cast(FloatDType::BF16),
            Self::Rounded => match cpu::rounded(x) {
                Ok(x) | Err(x) => x,
            },
        }
    }

    pub(super) fn param<const D: usize>(self, param: &Param<Tensor<D>>) -> Param<Tensor<D>> {
        Param::initialized(param.id, self.value(param.val()))
    }
}

/// Applies a layer in the precision that the context asks for.
pub(super) fn lowered<L: Weighted, const D: usize>(
    layer: &L,
    x: Tensor<D>,
    context: &ForwardContext,
    apply: impl Fn(&L, Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    if context.precision() == Precision::F32 {
        return apply(layer, x);
    }
    match context.kernel(x, cpu::rounded) {
        Ok(x) => Change::Rounded.value(apply(&layer.with(Change::Rounded), x)),
        Err(x) => {
            let dtype = FloatDType::from(x.dtype());
            apply(&layer.with(Change::Cast), Change::Cast.value(x)).cast(dtype)
        }
    }
}
