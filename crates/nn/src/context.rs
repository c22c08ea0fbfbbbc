//! What a forward pass is told: which operations compute, in which numbers, and who looks on.

use std::fmt;
use std::sync::Arc;

use burn::module::ParamId;
use burn::tensor::Tensor;

use crate::precision::Precision;

/// One layer that has computed.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Its weight, which says which layer it is.
    pub weight: ParamId,
    /// Shape of what it gave, the batch first.
    pub output: &'a [usize],
    /// Multiplications with an addition each, of one value of the output.
    pub multiply_adds_per_value: usize,
    /// What it gave.
    pub values: Values<'a>,
}

/// What a layer gave.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Of a convolution: `[batch, maps, height, width]`.
    Maps(&'a Tensor<4>),
    /// Of a linear layer: `[batch, features]`.
    Features(&'a Tensor<2>),
}

/// Looks on while layers compute.
pub trait Observer: Send + Sync {
    /// Called after each convolution and each linear layer, in the order they compute.
    fn called(&self, call: Call<'_>);
}

/// What every layer of a forward pass is told. Cheap to clone.
///
/// The default is what inference wants: the fastest operations of the device, in f32, with nobody looking on.
#[derive(Clone, Default)]
pub struct ForwardContext {
    precision: Precision,
    without_kernels: bool,
    observer: Option<Arc<dyn Observer>>,
}

impl ForwardContext {
    /// With convolutions and linear layers that multiply in `precision`. Gradients taken of what they give do so
    /// too.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// With burn's own operations alone, and not the kernels of the device: for measuring one beside the other.
    #[must_use]
    pub fn without_kernels(mut self) -> Self {
        self.without_kernels = true;
        self
    }

    /// With somebody who is told of each layer that computes.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// In what numbers layers multiply.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Runs a kernel on `input`; `input` back where it cannot compute that, or where kernels are not wanted.
    pub(crate) fn kernel<I, O>(&self, input: I, kernel: impl FnOnce(I) -> Result<O, I>) -> Result<O, I> {
        if self.without_kernels {
            Err(input)
        } else {
            kernel(input)
        }
    }

    /// Tells the observer, if there is one.
    pub(crate) fn called(&self, call: Call<'_>) {
        if let Some(observer) = &self.observer {
            observer.called(call);
        }
    }
}

impl fmt::Debug for ForwardContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardContext")
            .field("precision", &self.precision)
            .field("without_kernels", &self.without_kernels)
            .field("observed", &self.observer.is_some())
            .finish()
    }
}
