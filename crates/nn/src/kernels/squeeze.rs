//! Means over maps, and maps weighed by a number for each channel.

use rayon::prelude::*;

use crate::kernels::activation::sigmoid;
use crate::kernels::vectorised;

/// The mean of every channel of every image, `[batch, channels]`, of `[batch, pixels, channels]`.
pub(crate) fn mean(x: &[f32], [pixels, channels]: [usize; 2], out: &mut [f32]) {
    let share = 1.0 / pixels.max(1) as f32;
    out.par_chunks_mut(channels.max(1))
        .zip(x.par_chunks((pixels * channels).max(1)))
        .for_each(|(out, x)| {
            vectorised!({
                out.fill(0.0);
                // Rows of pixels first: the sum of many numbers loses less.
                let mut sums = vec![0.0f32; channels];
                for rows in x.chunks(64 * channels) {
                    sums.fill(0.0);
                    for row in rows.chunks_exact(channels) {
                        for (sum, value) in sums.iter_mut().zip(row) {
                            *sum += value;
                        }
                    }
                    for (out, sum) in out.iter_mut().zip(&sums) {
                        *out += sum;
                    }
                }
                out.iter_mut().for_each(|out| *out *= share);
            });
        });
}

/// `y = x · sigmoid(gate)` with a gate for each channel of each image.
pub(crate) fn weigh(x: &[f32], gate: &[f32], [pixels, channels]: [usize; 2], y: &mut [f32]) {
    let image = (pixels * channels).max(1);
    y.par_chunks_mut(image)
        .zip(x.par_chunks(image))
        .zip(gate.par_chunks(channels.max(1)))
        .for_each(|((y, x), gate)| {
            vectorised!({
                let gate: Vec<f32> = gate.iter().map(|gate| sigmoid(*gate)).collect();
                for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                    for ((y, x), gate) in y.iter_mut().zip(x).zip(&gate) {
                        *y = x * gate;
                    }
                }
            });
        });
}

/// Turns `gradient`, of what [`weigh`] gave, into that of `x`, and gives that of the gate.
pub(crate) fn weigh_backward(
    x: &[f32],
    gate: &[f32],
    [pixels, channels]: [usize; 2],
    gradient: &mut [f32],
    gate_gradient: &mut [f32],
) {
    let image = (pixels * channels).max(1);
    gradient
        .par_chunks_mut(image)
        .zip(x.par_chunks(image))
        .zip(gate.par_chunks(channels.max(1)))
        .zip(gate_gradient.par_chunks_mut(channels.max(1)))
        .for_each(|(((gradient, x), gate), out)| {
            vectorised!({
                let gate: Vec<f32> = gate.iter().map(|gate| sigmoid(*gate)).collect();
                let gate = &gate[..channels];
                let mut sums = vec![0.0f32; channels];
                out.fill(0.0);
                for (gradient, x) in gradient.chunks_mut(64 * channels).zip(x.chunks(64 * channels)) {
                    sums.fill(0.0);
                    for (gradient, x) in gradient.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                        for channel in 0..channels {
                            sums[channel] = gradient[channel].mul_add(x[channel], sums[channel]);
                            gradient[channel] *= gate[channel];
                        }
                    }
                    for (out, sum) in out.iter_mut().zip(&sums) {
                        *out += sum;
                    }
                }
                for (out, gate) in out.iter_mut().zip(gate) {
                    *out *= gate * (1.0 - gate);
                }
            });
        });
}

/// Adds what [`mean_backward`] gives to `out`.
pub(crate) fn add_mean_backward(gradient: &[f32], [pixels, channels]: [usize; 2], out: &mut [f32]) {
    let share = 1.0 / pixels.max(1) as f32;
    out.par_chunks_mut((pixels * channels).max(1))
        .zip(gradient.par_chunks(channels.max(1)))
        .for_each(|(out, gradient)| {
            let gradient: Vec<f32> = gradient.iter().map(|value| value * share).collect();
            vectorised!({
                for row in out.chunks_exact_mut(channels) {
                    for (out, value) in row.iter_mut().zip(&gradient) {
                        *out += value;
                    }
                }
            });
        });
}

/// Spreads `gradient` of [`mean`] over the pixels it came from: `out = gradient / pixels`.
pub(crate) fn mean_backward(gradient: &[f32], [pixels, channels]: [usize; 2], out: &mut [f32]) {
    let share = 1.0 / pixels.max(1) as f32;
    out.par_chunks_mut((pixels * channels).max(1))
        .zip(gradient.par_chunks(channels.max(1)))
        .for_each(|(out, gradient)| {
            let gradient: Vec<f32> = gradient.iter().map(|value| value * share).collect();
            for row in out.chunks_exact_mut(channels) {
                row.copy_from_slice(&gradient);
            }
        });
}
