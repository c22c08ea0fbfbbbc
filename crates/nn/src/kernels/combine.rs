//! Sums of maps, and functions applied to every value of them.

use rayon::prelude::*;

use crate::kernels::activation::{Function, with_function};
use crate::kernels::{Activation, vectorised};

/// Values of a piece.
const PIECE: usize = 16 * 1024;

/// `x += y`.
pub(crate) fn add(x: &mut [f32], y: &[f32]) {
    x.par_chunks_mut(PIECE)
        .zip(y.par_chunks(PIECE))
        .for_each(|(x, y)| {
            vectorised!({
                for (x, y) in x.iter_mut().zip(y) {
                    *x += y;
                }
            });
        });
}

/// `y = activation(x)`.
pub(crate) fn activate(activation: Activation, x: &[f32], y: &mut [f32]) {
    with_function!(activation, function => {
        y.par_chunks_mut(PIECE).zip(x.par_chunks(PIECE)).for_each(|(y, x)| {
            vectorised!({
                for (y, x) in y.iter_mut().zip(x) {
                    *y = function.value(*x);
                }
            });
        });
    });
}

/// `x = activation(x)`.
pub(crate) fn activate_in_place(activation: Activation, x: &mut [f32]) {
    with_function!(activation, function => {
        x.par_chunks_mut(PIECE).for_each(|x| {
            vectorised!({
                for x in x.iter_mut() {
                    *x = function.value(*x);
                }
            });
        });
    });
}

/// Turns `gradient`, of what [`activate`] gave, into that of `x`.
pub(crate) fn activate_backward(activation: Activation, x: &[f32], gradient: &mut [f32]) {
    with_function!(activation, function => {
        gradient.par_chunks_mut(PIECE).zip(x.par_chunks(PIECE)).for_each(|(gradient, x)| {
            vectorised!({
                for (gradient, x) in gradient.iter_mut().zip(x) {
                    *gradient = function.back(*x, *gradient);
                }
            });
        });
    });
}
