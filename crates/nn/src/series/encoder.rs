//! Layers of a transformer over the slices of a series.

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};

use super::lengths::Lengths;
use super::padding::Padding;
use crate::context::{Call, ForwardContext, Values};
use crate::cpu;
use crate::layers::{ChannelNorm, SliceDropout, SliceLinear};

/// A layer of a transformer's encoder with the normalisation first (Xiong et al., 2020, arXiv 2002.04745):
/// `x + attention(norm1(x))`, then `x + linear2(relu(linear1(norm2(x))))`, dropout before each sum and within.
#[derive(Module, Debug)]
pub struct EncoderLayer {
    /// Before the attention.
    pub norm1: ChannelNorm,
    /// Queries, keys and values side by side, `[3 · model, model]`.
    pub in_proj: SliceLinear,
    /// After the attention.
    pub out_proj: SliceLinear,
    /// Before the two linear layers.
    pub norm2: ChannelNorm,
    /// To the hidden values.
    pub linear1: SliceLinear,
    /// Back.
    pub linear2: SliceLinear,
    /// Applied while training.
    pub dropout: SliceDropout,
    heads: usize,
}

impl EncoderLayer {
    /// A fresh layer. `model` is a multiple of `heads`.
    pub fn new(model: usize, heads: usize, hidden: usize, dropout: f64, device: &Device) -> Self {
        Self {
            norm1: ChannelNorm::new(model, 1e-5, device),
            in_proj: SliceLinear::new(model, 3 * model, device),
            out_proj: SliceLinear::new(model, model, device),
            norm2: ChannelNorm::new(model, 1e-5, device),
            linear1: SliceLinear::new(model, hidden, device),
            linear2: SliceLinear::new(hidden, model, device),
            dropout: SliceDropout::new(dropout),
            heads,
        }
    }

    /// From `[slices, model]` to the same.
    pub fn forward(&self, x: Tensor<2>, lengths: &Lengths, context: &ForwardContext) -> Tensor<2> {
        let rows = self.in_proj.forward(self.norm1.forward(x.clone()), context);
        // Of a value: a product with every slice of the series for its share, and one for what it draws.
        context.called(Call {
            weight: self.in_proj.weight.id,
            output: &x.dims(),
            multiply_adds_per_value: 2 * lengths.longest(),
            values: Values::Features(&x),
        });
        let drawn = match context.kernel(rows, |rows| {
            cpu::series::self_attention(self.heads, lengths, rows)
        }) {
            Ok(drawn) => drawn,
            Err(rows) => self.padded_attention(rows, lengths),
        };
        let x = x + self
            .dropout
            .forward(self.out_proj.forward(drawn, context), context);
        let hidden = activation::relu(self.linear1.forward(self.norm2.forward(x.clone()), context));
        let hidden = self
            .linear2
            .forward(self.dropout.forward(hidden, context), context);
        x + self.dropout.forward(hidden, context)
    }

    /// The attention by burn's operations, of queries, keys and values `[slices, 3 · model]`.
    fn padded_attention(&self, rows: Tensor<2>, lengths: &Lengths) -> Tensor<2> {
        let padding = Padding::new(lengths, &rows);
        let padded = padding.pad(rows);
        let [series, longest, columns] = padded.dims();
        let model = columns / 3;
        let width = model / self.heads;
        let part = |index: usize| {
            padded
                .clone()
                .narrow(2, index * model, model)
                .reshape([series, longest, self.heads, width])
                .swap_dims(1, 2)
        };
        let scores = part(0).matmul(part(1).swap_dims(2, 3)) / (width as f64).sqrt();
        let mask = padding.mask().reshape([series, 1, 1, longest]);
        let shares = activation::softmax(scores + (mask - 1.0) * 1e9, 3);
        let drawn = shares.matmul(part(2)).swap_dims(1, 2);
        padding.unpad(drawn.reshape([series, longest, model]))
    }
}

/// Sines and cosines of places in mm (Vaswani et al., 2017, with mm in place of steps): `[slices, 1]` to
/// `[slices, width]`, wavelengths from 2π to 2π · 1000 mm, a head being some 150 mm high.
pub fn positions(position_mm: Tensor<2>, width: usize) -> Tensor<2> {
    let half = width.div_ceil(2).max(1);
    let frequencies: Vec<f32> = (0..half)
        .map(|index| 1000.0f32.powf(-(index as f32) / half as f32))
        .collect();
    let device = position_mm.device();
    let dtype = position_mm.dtype();
    let frequencies = Tensor::<1>::from_floats(frequencies.as_slice(), &device)
        .cast(dtype)
        .unsqueeze::<2>();
    let angles = position_mm * frequencies;
    Tensor::cat(vec![angles.clone().sin(), angles.cos()], 1).narrow(1, 0, width)
}
