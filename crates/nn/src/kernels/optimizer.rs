//! Steps of optimisers in one pass.

use rayon::prelude::*;

use crate::kernels::vectorised;

/// Values of a piece.
const PIECE: usize = 16 * 1024;

/// Numbers of a step of Adam (arXiv 1412.6980) that all parameters share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Adam {
    /// Decay rates of the mean and of the uncentred variance.
    pub(crate) betas: [f32; 2],
    /// One minus each, computed in f64.
    pub(crate) rest: [f32; 2],
    /// What is left of a weight before the step: `1 − rate · decay`.
    pub(crate) keep: f32,
    /// The learning rate over the mean's bias correction.
    pub(crate) rate: f32,
    /// The root of the variance's bias correction.
    pub(crate) root: f32,
    /// Added to the denominator.
    pub(crate) epsilon: f32,
}

impl Adam {
    /// Moves `weight` by `gradient`; `mean` and `variance` are what is remembered.
    pub(crate) fn step(&self, weight: &mut [f32], gradient: &[f32], mean: &mut [f32], variance: &mut [f32]) {
        let Self {
            betas: [first, second],
            rest: [new_first, new_second],
            keep,
            rate,
            root,
            epsilon,
        } = *self;
        let inverse = 1.0 / root;
        weight
            .par_chunks_mut(PIECE)
            .zip(gradient.par_chunks(PIECE))
            .zip(mean.par_chunks_mut(PIECE))
            .zip(variance.par_chunks_mut(PIECE))
            .for_each(|(((weight, gradient), mean), variance)| {
                vectorised!({
                    let values = weight
                        .iter_mut()
                        .zip(gradient)
                        .zip(mean.iter_mut())
                        .zip(variance.iter_mut());
                    for (((weight, gradient), mean), variance) in values {
                        *mean = *mean * first + gradient * new_first;
                        *variance = *variance * second + gradient * gradient * new_second;
                        let denominator = variance.sqrt() * inverse + epsilon;
                        *weight = *weight * keep - rate * *mean / denominator;
                    }
                });
            });
    }
}
