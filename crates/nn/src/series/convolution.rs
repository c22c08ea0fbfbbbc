//! Convolutions along the slices of a series.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::lengths::Lengths;
use super::neighbours::{Ends, neighbours};
use crate::context::ForwardContext;
use crate::layers::SliceLinear;

/// A convolution along slices, with zeros beyond the ends of each series: as many slices come out as go in.
#[derive(Module, Debug)]
pub struct SliceConvolution {
    /// Weights `[outputs, kernel · inputs]`, the first place of the kernel first, and bias.
    pub linear: SliceLinear,
    kernel: usize,
    dilation: usize,
}

impl SliceConvolution {
    /// A fresh layer. An odd `kernel` is centred; `dilation` is the distance of the slices it sees.
    pub fn new(inputs: usize, outputs: usize, [kernel, dilation]: [usize; 2], device: &Device) -> Self {
        Self {
            linear: SliceLinear::new(kernel * inputs, outputs, device),
            kernel,
            dilation,
        }
    }

    /// From `[slices, inputs]` to `[slices, outputs]`.
    pub fn forward(&self, x: Tensor<2>, lengths: &Lengths, context: &ForwardContext) -> Tensor<2> {
        let middle = (self.kernel / 2) as isize;
        let seen = (0..self.kernel as isize).map(|place| {
            let offset = (place - middle) * self.dilation as isize;
            neighbours(x.clone(), lengths, offset, Ends::Zero)
        });
        self.linear.forward(Tensor::cat(seen.collect(), 1), context)
    }
}
