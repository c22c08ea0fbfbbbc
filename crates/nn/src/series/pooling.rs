//! Softmax and sums over the slices of each series.

use burn::tensor::{Tensor, activation};

use super::lengths::Lengths;
use super::padding::Padding;
use crate::context::ForwardContext;
use crate::cpu;

/// The softmax over each series of scores `[slices, 1]`: the shares of a series add up to 1.
pub fn softmax_over_series(scores: Tensor<2>, lengths: &Lengths, context: &ForwardContext) -> Tensor<2> {
    match context.kernel(scores, |scores| cpu::series::softmax(lengths, scores)) {
        Ok(shares) => shares,
        Err(scores) => {
            let padding = Padding::new(lengths, &scores);
            let mask = padding.mask().unsqueeze_dim::<3>(2);
            // Far below any score, and finite: a series without slices must not make NaN.
            let padded = padding.pad(scores) + (mask - 1.0) * 1e9;
            padding.unpad(activation::softmax(padded, 1))
        }
    }
}

/// The sums of each series' rows: from `[slices, width]` to `[series, width]`.
pub fn sum_over_series(rows: Tensor<2>, lengths: &Lengths, context: &ForwardContext) -> Tensor<2> {
    match context.kernel(rows, |rows| cpu::series::sum(lengths, rows)) {
        Ok(sums) => sums,
        Err(rows) => {
            let [_, width] = rows.dims();
            let sums = Padding::new(lengths, &rows).pad(rows).sum_dim(1);
            sums.reshape([lengths.series(), width])
        }
    }
}
