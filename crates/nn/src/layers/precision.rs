//! In what numbers layers multiply.

use std::cell::Cell;

use burn::module::Param;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{FloatDType, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cpu;

/// The numbers that convolutions and linear layers multiply. Whatever it says, weights are kept and moved in f32,
/// and normalisation, losses, sums and metrics are computed in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Precision {
    /// 24 bits of significand.
    #[default]
    F32,
    /// bfloat16: 8 bits of significand and the range of f32, so that losses need no scaling. A GPU computes in
    /// it; the CPU rounds what it multiplies, what comes of it and their gradients to it, and multiplies in f32,
    /// which shows what training in bfloat16 comes to but is slower, not faster.
    Bf16,
}

thread_local! {
    static PRECISION: Cell<Precision> = const { Cell::new(Precision::F32) };
}

/// Runs `work`, whose layers multiply in `precision`. Gradients taken of what it gives later do so too.
pub fn in_precision<R>(precision: Precision, work: impl FnOnce() -> R) -> R {
    struct Restore(Precision);
    impl Drop for Restore {
        fn drop(&mut self) {
            PRECISION.set(self.0);
        }
    }
    let _restore = Restore(PRECISION.replace(precision));
    work()
}

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

    fn param<const D: usize>(self, param: &Param<Tensor<D>>) -> Param<Tensor<D>> {
        Param::initialized(param.id, self.value(param.val()))
    }
}

/// Applies a layer in the precision of the moment.
pub(super) fn lowered<L: Weighted, const D: usize>(
    layer: &L,
    x: Tensor<D>,
    apply: impl Fn(&L, Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    if PRECISION.get() == Precision::F32 {
        return apply(layer, x);
    }
    match cpu::rounded(x) {
        Ok(x) => Change::Rounded.value(apply(&layer.with(Change::Rounded), x)),
        Err(x) => {
            let dtype = FloatDType::from(x.dtype());
            apply(&layer.with(Change::Cast), Change::Cast.value(x)).cast(dtype)
        }
    }
}
