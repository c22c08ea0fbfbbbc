//! Linear layers over many rows.
//!
//! Work is cut by the sizes alone, and every piece is one product deep or wide enough that packing its operands costs
//! little beside multiplying them.

use rayon::prelude::*;

use crate::kernels::matrix::{Matrix, product};

/// Rows of a piece: a product packs its weights once for so many.
const ROWS: usize = 512;
/// Fewest columns of a piece of the gradient of weights, if there are so many: a product packs the other side once for
/// so many.
const COLUMNS: usize = 256;
/// Most pieces of the gradient of weights.
const PIECES: usize = 16;

/// Sizes of a linear layer's operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Rows of input and output.
    pub(crate) rows: usize,
    /// Columns of the input.
    pub(crate) inputs: usize,
    /// Columns of the output.
    pub(crate) outputs: usize,
}

/// `x · weightᵀ + bias` of `x` `[rows, inputs]` and `weight` `[outputs, inputs]`.
pub(crate) fn forward(sizes: Sizes, x: &[f32], weight: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
    let Sizes { inputs, outputs, .. } = sizes;
    if outputs == 0 {
        return;
    }
    if inputs == 0 {
        out.chunks_exact_mut(outputs).for_each(|row| match bias {
            Some(bias) => row.copy_from_slice(bias),
            None => row.fill(0.0),
        });
        return;
    }
    let weight = Matrix::rows(weight, [outputs, inputs], inputs).transposed();
    out.par_chunks_mut(ROWS * outputs)
        .zip(x.par_chunks(ROWS * inputs))
        .for_each(|(out, x)| {
            let x = Matrix::rows(x, [out.len() / outputs, inputs], inputs);
            product(out, outputs, x, weight, false);
            if let Some(bias) = bias {
                for row in out.chunks_exact_mut(outputs) {
                    row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
                }
            }
        });
}

/// The gradient of `x`, from that of the output.
pub(crate) fn backward_input(sizes: Sizes, gradient: &[f32], weight: &[f32], out: &mut [f32]) {
    let Sizes { inputs, outputs, .. } = sizes;
    if inputs == 0 || outputs == 0 {
        out.fill(0.0);
        return;
    }
    let weight = Matrix::rows(weight, [outputs, inputs], inputs);
    out.par_chunks_mut(ROWS * inputs)
        .zip(gradient.par_chunks(ROWS * outputs))
        .for_each(|(out, gradient)| {
            let gradient = Matrix::rows(gradient, [out.len() / inputs, outputs], outputs);
            product(out, inputs, gradient, weight, false);
        });
}

/// The gradient of the weights, `[outputs, inputs]`: one sum over all rows for each, cut along the longer side of the
/// weights.
pub(crate) fn backward_weight(sizes: Sizes, x: &[f32], gradient: &[f32], out: &mut [f32]) {
    let Sizes {
        rows,
        inputs,
        outputs,
    } = sizes;
    if rows == 0 || inputs == 0 || outputs == 0 {
        out.fill(0.0);
        return;
    }
    let width = |side: usize| {
        let pieces = (side / COLUMNS).clamp(1, PIECES);
        side.div_ceil(pieces).next_multiple_of(16)
    };
    if outputs >= inputs {
        let per_piece = width(outputs);
        let x = Matrix::rows(x, [rows, inputs], inputs);
        out.par_chunks_mut(per_piece * inputs)
            .enumerate()
            .for_each(|(piece, out)| {
                let gradient = &gradient[piece * per_piece..];
                let gradient = Matrix::rows(gradient, [rows, out.len() / inputs], outputs);
                product(out, inputs, gradient.transposed(), x, false);
            });
        return;
    }
    let per_piece = width(inputs);
    let gradient = Matrix::rows(gradient, [rows, outputs], outputs).transposed();
    let pieces: Vec<Vec<f32>> = (0..inputs.div_ceil(per_piece))
        .into_par_iter()
        .map(|piece| {
            let first = piece * per_piece;
            let columns = per_piece.min(inputs - first);
            let mut sums = vec![0.0; outputs * columns];
            let x = Matrix::rows(&x[first..], [rows, columns], inputs);
            product(&mut sums, columns, gradient, x, false);
            sums
        })
        .collect();
    out.par_chunks_mut(inputs).enumerate().for_each(|(output, out)| {
        for (out, piece) in out.chunks_mut(per_piece).zip(&pieces) {
            let columns = out.len();
            out.copy_from_slice(&piece[output * columns..(output + 1) * columns]);
        }
    });
}
