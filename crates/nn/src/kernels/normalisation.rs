//! Batch normalisation and the function after it, in as few passes over memory as there can be.

use rayon::prelude::*;

use crate::kernels::activation::{Function, with_function};
use crate::kernels::{Activation, vectorised};

/// Values of a piece: what is read twice is then still in the second-level cache.
const PIECE_VALUES: usize = 32 * 1024;

fn piece(channels: usize) -> usize {
    (PIECE_VALUES / channels.max(1)).max(1) * channels.max(1)
}

/// Mean and biased variance of every channel of `[pixels, channels]`.
///
/// Pieces have their own mean and sum of squared differences from it; these are put together in their order and
/// in f64 as Chan, Golub and LeVeque (1979) do, so that nothing is lost where the mean is large.
pub(crate) fn statistics(x: &[f32], channels: usize) -> (Vec<f32>, Vec<f32>) {
    let pieces: Vec<(usize, Vec<f32>, Vec<f32>)> = x
        .par_chunks(piece(channels))
        .map(|x| vectorised!(statistics_of_piece(x, channels)))
        .collect();
    let mut count = 0.0f64;
    let mut mean = vec![0.0f64; channels];
    let mut squares = vec![0.0f64; channels];
    for (pixels, means, differences) in pieces {
        let pixels = pixels as f64;
        let total = count + pixels;
        for channel in 0..channels {
            let delta = f64::from(means[channel]) - mean[channel];
            mean[channel] += delta * pixels / total;
            squares[channel] += f64::from(differences[channel]) + delta * delta * count * pixels / total;
        }
        count = total;
    }
    let variance = squares.iter().map(|squares| (squares / count.max(1.0)) as f32);
    (mean.iter().map(|mean| *mean as f32).collect(), variance.collect())
}

#[inline(always)]
fn statistics_of_piece(x: &[f32], channels: usize) -> (usize, Vec<f32>, Vec<f32>) {
    let pixels = x.len() / channels;
    let mut means = vec![0.0f32; channels];
    for row in x.chunks_exact(channels) {
        for (sum, value) in means.iter_mut().zip(row) {
            *sum += value;
        }
    }
    let share = 1.0 / pixels as f32;
    means.iter_mut().for_each(|sum| *sum *= share);
    let mut squares = vec![0.0f32; channels];
    for row in x.chunks_exact(channels) {
        for ((sum, value), mean) in squares.iter_mut().zip(row).zip(&means) {
            let difference = value - mean;
            *sum = difference.mul_add(difference, *sum);
        }
    }
    (pixels, means, squares)
}

/// What a normalisation does to each channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Normalisation {
    /// Subtracted.
    pub(crate) mean: Vec<f32>,
    /// Multiplied with: `1 / √(variance + ε)`.
    pub(crate) inverse: Vec<f32>,
    /// Multiplied with after that.
    pub(crate) weight: Vec<f32>,
    /// Added then.
    pub(crate) bias: Vec<f32>,
    /// Applied to the result.
    pub(crate) activation: Activation,
}

impl Normalisation {
    /// By the given statistics.
    pub(crate) fn new(
        [mean, variance]: [&[f32]; 2],
        epsilon: f64,
        [weight, bias]: [&[f32]; 2],
        activation: Activation,
    ) -> Self {
        let inverse = variance
            .iter()
            .map(|variance| (1.0 / (f64::from(*variance) + epsilon).sqrt()) as f32);
        Self {
            mean: mean.to_vec(),
            inverse: inverse.collect(),
            weight: weight.to_vec(),
            bias: bias.to_vec(),
            activation,
        }
    }

    fn channels(&self) -> usize {
        self.mean.len()
    }

    /// Factor and offset of every channel.
    fn line(&self) -> (Vec<f32>, Vec<f32>) {
        let scale: Vec<f32> = self
            .weight
            .iter()
            .zip(&self.inverse)
            .map(|(a, b)| a * b)
            .collect();
        let shift = self.mean.iter().zip(&scale).zip(&self.bias);
        let shift = shift
            .map(|((mean, scale), bias)| mean.mul_add(-scale, *bias))
            .collect();
        (scale, shift)
    }

    /// Normalises `x`, `[pixels, channels]`, into `y`.
    pub(crate) fn forward(&self, x: &[f32], y: &mut [f32]) {
        let channels = self.channels();
        let (scale, shift) = self.line();
        let size = piece(channels);
        with_function!(self.activation, function => {
            y.par_chunks_mut(size).zip(x.par_chunks(size)).for_each(|(y, x)| {
                vectorised!({
                    for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                        for (((y, x), scale), shift) in y.iter_mut().zip(x).zip(&scale).zip(&shift) {
                            *y = function.value(x.mul_add(*scale, *shift));
                        }
                    }
                });
            });
        });
    }

    /// Normalises `x` in place.
    pub(crate) fn forward_in_place(&self, x: &mut [f32]) {
        let channels = self.channels();
        let (scale, shift) = self.line();
        with_function!(self.activation, function => {
            x.par_chunks_mut(piece(channels)).for_each(|x| {
                vectorised!({
                    for x in x.chunks_exact_mut(channels) {
                        for ((x, scale), shift) in x.iter_mut().zip(&scale).zip(&shift) {
                            *x = function.value(x.mul_add(*scale, *shift));
                        }
                    }
                });
            });
        });
    }

    /// Turns `gradient`, of what [`Normalisation::forward`] gave, into that of `x`, and returns those of weight and
    /// bias. With `of_batch`, mean and variance are those of `x` itself, and move with it.
    pub(crate) fn backward(&self, x: &[f32], gradient: &mut [f32], of_batch: bool) -> (Vec<f32>, Vec<f32>) {
        let channels = self.channels();
        let size = piece(channels);
        let line = self.line();
        let sums: Vec<[Vec<f32>; 2]> = with_function!(self.activation, function => {
            gradient
                .par_chunks_mut(size)
                .zip(x.par_chunks(size))
                .map(|(gradient, x)| vectorised!(self.through_function(x, gradient, &line, function)))
                .collect()
        });
        let mut total = [vec![0.0f64; channels], vec![0.0f64; channels]];
        for piece in sums {
            for (total, piece) in total.iter_mut().zip(piece) {
                for (total, value) in total.iter_mut().zip(piece) {
                    *total += f64::from(value);
                }
            }
        }
        let [sum, product] = total;
        let count = (x.len() / channels.max(1)) as f64;
        // gradient of x = a · gradient + b · x + c, channel by channel.
        let mut line = [
            vec![0.0f32; channels],
            vec![0.0f32; channels],
            vec![0.0f32; channels],
        ];
        for channel in 0..channels {
            let (mean, inverse) = (f64::from(self.mean[channel]), f64::from(self.inverse[channel]));
            let scale = f64::from(self.weight[channel]) * inverse;
            let slope = if of_batch {
                -scale * inverse * inverse * product[channel] / count
            } else {
                0.0
            };
            let offset = if of_batch {
                -scale * sum[channel] / count
            } else {
                0.0
            };
            line[0][channel] = scale as f32;
            line[1][channel] = slope as f32;
            line[2][channel] = (offset - slope * mean) as f32;
        }
        let [a, b, c] = &line;
        gradient
            .par_chunks_mut(size)
            .zip(x.par_chunks(size))
            .for_each(|(gradient, x)| {
                vectorised!({
                    for (gradient, x) in gradient.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                        let values = gradient.iter_mut().zip(x).zip(a).zip(b).zip(c);
                        for ((((gradient, x), a), b), c) in values {
                            *gradient = gradient.mul_add(*a, x.mul_add(*b, *c));
                        }
                    }
                });
            });
        let weight = product.iter().zip(&self.inverse);
        let weight = weight.map(|(product, inverse)| (product * f64::from(*inverse)) as f32);
        (weight.collect(), sum.iter().map(|sum| *sum as f32).collect())
    }

    /// Takes a piece of the gradient back through the function; gives the sums of it and of its product with
    /// `x − mean`.
    #[inline(always)]
    fn through_function(
        &self,
        x: &[f32],
        gradient: &mut [f32],
        (scale, shift): &(Vec<f32>, Vec<f32>),
        function: impl Function,
    ) -> [Vec<f32>; 2] {
        let channels = self.channels();
        let mut sums = vec![0.0f32; channels];
        let mut products = vec![0.0f32; channels];
        let (scale, shift, mean) = (&scale[..channels], &shift[..channels], &self.mean[..channels]);
        for (gradient, x) in gradient.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            let (sums, products) = (&mut sums[..channels], &mut products[..channels]);
            for channel in 0..channels {
                let value = x[channel];
                let inner = value.mul_add(scale[channel], shift[channel]);
                let slope = function.back(inner, gradient[channel]);
                gradient[channel] = slope;
                sums[channel] += slope;
                products[channel] = slope.mul_add(value - mean[channel], products[channel]);
            }
        }
        [sums, products]
    }
}
