//! Scaled dot-product attention among the slices of each series (Vaswani et al., 2017, arXiv 1706.03762).
//!
//! Every series is computed for itself, by products whose sizes are its own: so its numbers do not depend on what is
//! with it, and no slice attends to another series.

use rayon::prelude::*;

use crate::kernels::matrix::{Matrix, product};
use crate::kernels::segments::{softmax_of, softmax_of_backward};

/// Sizes of an attention.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Heads, side by side in a row.
    pub(crate) heads: usize,
    /// Values of a head.
    pub(crate) width: usize,
}

impl Sizes {
    /// Values of a row of all heads.
    fn model(self) -> usize {
        self.heads * self.width
    }

    fn scale(self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// Query, key or value (0, 1, 2) of a head, of rows `[length, 3 · model]`.
    fn part(self, rows: &[f32], length: usize, which: usize, head: usize) -> Matrix<'_> {
        let left = which * self.model() + head * self.width;
        Matrix::rows(&rows[left..], [length, self.width], 3 * self.model())
    }
}

/// Where each series begins, beside its length.
fn series(lengths: &[usize]) -> Vec<[usize; 2]> {
    let starts = lengths.iter().scan(0, |next, &length| {
        let first = *next;
        *next += length;
        Some([first, length])
    });
    starts.filter(|[_, length]| *length > 0).collect()
}

/// From queries, keys and values `[slices, 3 · model]` to what each slice draws from its series, `[slices, model]`;
/// and, for the way back, what share each slice takes of each, `[heads, length, length]` a series.
pub(crate) fn forward(sizes: Sizes, lengths: &[usize], rows: &[f32], out: &mut [f32]) -> Vec<Vec<f32>> {
    let model = sizes.model();
    let done: Vec<(Vec<f32>, Vec<f32>)> = series(lengths)
        .into_par_iter()
        .map(|[first, length]| {
            let rows = &rows[first * 3 * model..(first + length) * 3 * model];
            let mut shares = vec![0.0; sizes.heads * length * length];
            let mut out = vec![0.0; length * model];
            for (head, shares) in shares.chunks_exact_mut(length * length).enumerate() {
                let part = |which| sizes.part(rows, length, which, head);
                product(shares, length, part(0), part(1).transposed(), false);
                for row in shares.chunks_exact_mut(length) {
                    row.iter_mut().for_each(|score| *score *= sizes.scale());
                    softmax_of(row);
                }
                let shares = Matrix::rows(shares, [length, length], length);
                product(&mut out[head * sizes.width..], model, shares, part(2), false);
            }
            (shares, out)
        })
        .collect();
    let mut at = 0;
    let mut all = Vec::with_capacity(done.len());
    for (shares, values) in done {
        out[at..at + values.len()].copy_from_slice(&values);
        at += values.len();
        all.push(shares);
    }
    all
}

/// The gradient of queries, keys and values, from that of the output.
pub(crate) fn backward(
    sizes: Sizes,
    lengths: &[usize],
    rows: &[f32],
    shares: &[Vec<f32>],
    gradient: &[f32],
    out: &mut [f32],
) {
    let model = sizes.model();
    let done: Vec<Vec<f32>> = series(lengths)
        .into_par_iter()
        .zip(shares)
        .map(|([first, length], shares)| {
            let rows = &rows[first * 3 * model..(first + length) * 3 * model];
            let gradient = &gradient[first * model..(first + length) * model];
            let mut out = vec![0.0; length * 3 * model];
            let mut of_scores = vec![0.0; length * length];
            for (head, shares) in shares.chunks_exact(length * length).enumerate() {
                let left = head * sizes.width;
                let given = Matrix::rows(&gradient[left..], [length, sizes.width], model);
                let part = |which| sizes.part(rows, length, which, head);
                product(&mut of_scores, length, given, part(2).transposed(), false);
                for (row, shares) in of_scores
                    .chunks_exact_mut(length)
                    .zip(shares.chunks_exact(length))
                {
                    softmax_of_backward(shares, row);
                    row.iter_mut().for_each(|score| *score *= sizes.scale());
                }
                let scores = Matrix::rows(&of_scores, [length, length], length);
                let shares = Matrix::rows(shares, [length, length], length).transposed();
                product(&mut out[left..], 3 * model, scores, part(1), false);
                product(
                    &mut out[model + left..],
                    3 * model,
                    scores.transposed(),
                    part(0),
                    false,
                );
                product(&mut out[2 * model + left..], 3 * model, shares, given, false);
            }
            out
        })
        .collect();
    let mut at = 0;
    for values in done {
        out[at..at + values.len()].copy_from_slice(&values);
        at += values.len();
    }
}
