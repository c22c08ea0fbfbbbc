//! Gated recurrent units (Cho et al., 2014, arXiv 1406.1078), as PyTorch and cuDNN have them: the reset gate weighs
//! the state's product, its bias included.

use super::Cell;
use crate::kernels::activation::{sigmoid, tanh};

/// A gated recurrent unit. Gates stand in the order reset r, update z, new n: `r = σ(xᵣ + hᵣ)`, `z = σ(x_z + h_z)`,
/// `n = tanh(xₙ + r · hₙ)`, and the state is `(1 − z) · n + z · before`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gru;

/// The `N` parts of a row, each as long as the others.
#[inline(always)]
pub(super) fn parts<const N: usize>(row: &[f32]) -> [&[f32]; N] {
    let length = row.len() / N;
    std::array::from_fn(|part| &row[part * length..(part + 1) * length])
}

/// [`parts`] to write to.
#[inline(always)]
pub(super) fn parts_mut<const N: usize>(mut row: &mut [f32]) -> [&mut [f32]; N] {
    let length = row.len() / N;
    std::array::from_fn(|_| {
        let (part, rest) = std::mem::take(&mut row).split_at_mut(length);
        row = rest;
        part
    })
}

impl Cell for Gru {
    const GATES: usize = 3;
    /// r, z, n, and hₙ.
    const SAVED: usize = 4;

    #[inline(always)]
    fn forward(x: &[f32], h: &[f32], before: &[f32], _: &[f32], saved: &mut [f32], state: &mut [f32]) {
        let ([x_reset, x_update, x_new], [h_reset, h_update, h_new]) = (parts(x), parts(h));
        let [resets, updates, news, products] = parts_mut(saved);
        let count = state.len();
        for index in 0..count {
            let reset = sigmoid(x_reset[..count][index] + h_reset[..count][index]);
            let update = sigmoid(x_update[..count][index] + h_update[..count][index]);
            let product = h_new[..count][index];
            let new = tanh(reset.mul_add(product, x_new[..count][index]));
            resets[..count][index] = reset;
            updates[..count][index] = update;
            news[..count][index] = new;
            products[..count][index] = product;
            state[index] = update.mul_add(before[..count][index] - new, new);
        }
    }

    #[inline(always)]
    fn backward(
        saved: &[f32],
        before: &[f32],
        _: &[f32],
        gradient: &mut [f32],
        _: &mut [f32],
        of_x: &mut [f32],
        of_h: &mut [f32],
    ) {
        let [resets, updates, news, products] = parts(saved);
        let [x_reset, x_update, x_new] = parts_mut(of_x);
        let [h_reset, h_update, h_new] = parts_mut(of_h);
        let count = gradient.len();
        for index in 0..count {
            let (reset, update) = (resets[..count][index], updates[..count][index]);
            let (new, product) = (news[..count][index], products[..count][index]);
            let of_state = gradient[index];
            let of_new = of_state * (1.0 - update) * (1.0 - new * new);
            let of_update = of_state * (before[..count][index] - new) * update * (1.0 - update);
            let of_reset = of_new * product * reset * (1.0 - reset);
            x_reset[..count][index] = of_reset;
            x_update[..count][index] = of_update;
            x_new[..count][index] = of_new;
            h_reset[..count][index] = of_reset;
            h_update[..count][index] = of_update;
            h_new[..count][index] = of_new * reset;
            gradient[index] = of_state * update;
        }
    }
}
