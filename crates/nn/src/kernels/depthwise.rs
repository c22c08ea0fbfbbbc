//! Convolutions of every channel by itself.

use rayon::prelude::*;

use crate::kernels::{Geometry, vectorised};

/// Channels that are summed in registers at a time.
const LANES: usize = 16;

/// Weights `[channels, 1, height, width]` as `[height, width, channels]`, and back with the numbers exchanged.
fn turned(weights: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
    let mut out = vec![0.0; weights.len()];
    for row in 0..rows {
        for column in 0..columns {
            out[column * rows + row] = weights[row * columns + column];
        }
    }
    out
}

fn places(geometry: &Geometry) -> usize {
    geometry.kernel[0] * geometry.kernel[1]
}

/// Taps that hit the map: pairs of the place of a pixel in a row of pixels, and of a weight.
type Taps = Vec<(usize, usize)>;

/// `out[c] = Σ input[pixel][c] · weights[tap][c]`.
#[inline(always)]
fn sum_of_taps(out: &mut [f32], taps: &[(usize, usize)], pixels: &[f32], weights: &[f32]) {
    let channels = out.len();
    let mut blocks = out.chunks_exact_mut(LANES);
    let mut at = 0;
    for out in blocks.by_ref() {
        let mut sums = [0.0f32; LANES];
        for &(pixel, tap) in taps {
            let values = &pixels[pixel * channels + at..][..LANES];
            let weights = &weights[tap * channels + at..][..LANES];
            for lane in 0..LANES {
                sums[lane] = values[lane].mul_add(weights[lane], sums[lane]);
            }
        }
        out.copy_from_slice(&sums);
        at += LANES;
    }
    for (lane, out) in blocks.into_remainder().iter_mut().enumerate() {
        let mut sum = 0.0f32;
        for &(pixel, tap) in taps {
            sum = pixels[pixel * channels + at + lane].mul_add(weights[tap * channels + at + lane], sum);
        }
        *out = sum;
    }
}

/// The convolution of `input` with `weights` `[channels, 1, height, width]`, plus `bias` if there is one.
pub(crate) fn forward(
    geometry: &Geometry,
    input: &[f32],
    weights: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    let channels = geometry.inputs;
    let weights = turned(weights, [channels, places(geometry)]);
    let [height, width] = geometry.input;
    let row_out = geometry.output[1] * channels;
    output
        .par_chunks_mut(row_out.max(1))
        .enumerate()
        .for_each(|(row, output)| {
            let (image, y) = (row / geometry.output[0], row % geometry.output[0]);
            let image = &input[image * height * width * channels..][..height * width * channels];
            let mut taps = Taps::with_capacity(places(geometry));
            vectorised!({
                for (x, output) in output.chunks_exact_mut(channels).enumerate() {
                    taps.clear();
                    for ky in 0..geometry.kernel[0] {
                        let Some(from_y) = geometry.source(0, y, ky) else {
                            continue;
                        };
                        for kx in 0..geometry.kernel[1] {
                            if let Some(from_x) = geometry.source(1, x, kx) {
                                taps.push((from_y * width + from_x, ky * geometry.kernel[1] + kx));
                            }
                        }
                    }
                    sum_of_taps(output, &taps, image, &weights);
                    if let Some(bias) = bias {
                        for (value, bias) in output.iter_mut().zip(bias) {
                            *value += bias;
                        }
                    }
                }
            });
        });
}

/// The gradient of the input, from that of the output.
pub(crate) fn backward_input(geometry: &Geometry, gradient: &[f32], weights: &[f32], out: &mut [f32]) {
    let channels = geometry.inputs;
    let weights = turned(weights, [channels, places(geometry)]);
    let [height, width] = geometry.output;
    let row_in = geometry.input[1] * channels;
    out.par_chunks_mut(row_in.max(1))
        .enumerate()
        .for_each(|(row, out)| {
            let (image, y) = (row / geometry.input[0], row % geometry.input[0]);
            let image = &gradient[image * height * width * channels..][..height * width * channels];
            let mut taps = Taps::with_capacity(places(geometry));
            vectorised!({
                for (x, out) in out.chunks_exact_mut(channels).enumerate() {
                    taps.clear();
                    for ky in 0..geometry.kernel[0] {
                        let Some(to_y) = geometry.target(0, y, ky) else {
                            continue;
                        };
                        for kx in 0..geometry.kernel[1] {
                            if let Some(to_x) = geometry.target(1, x, kx) {
                                taps.push((to_y * width + to_x, ky * geometry.kernel[1] + kx));
                            }
                        }
                    }
                    sum_of_taps(out, &taps, image, &weights);
                }
            });
        });
}

/// The gradient of the weights, `[channels, 1, height, width]`, from that of the output. Images are added in
/// their order.
pub(crate) fn backward_weights(geometry: &Geometry, input: &[f32], gradient: &[f32], out: &mut [f32]) {
    let channels = geometry.inputs;
    let image_in = geometry.input[0] * geometry.input[1] * channels;
    let image_out = geometry.output[0] * geometry.output[1] * channels;
    let images: Vec<Vec<f32>> = input
        .par_chunks(image_in.max(1))
        .zip(gradient.par_chunks(image_out.max(1)))
        .map(|(input, gradient)| {
            let mut sums = vec![0.0f32; out.len()];
            vectorised!(add_image(geometry, input, gradient, &mut sums));
            sums
        })
        .collect();
    let mut images = images.into_iter();
    let mut total = images.next().unwrap_or_else(|| vec![0.0; out.len()]);
    for image in images {
        for (total, value) in total.iter_mut().zip(image) {
            *total += value;
        }
    }
    out.copy_from_slice(&turned(&total, [places(geometry), channels]));
}

/// Adds one image's gradient of the weights, `[height, width, channels]`.
#[inline(always)]
fn add_image(geometry: &Geometry, input: &[f32], gradient: &[f32], sums: &mut [f32]) {
    let channels = geometry.inputs;
    let [down, right] = geometry.kernel;
    let columns = geometry.output[1];
    for y in 0..geometry.output[0] {
        let gradient = &gradient[y * columns * channels..][..columns * channels];
        for ky in 0..down {
            let Some(from_y) = geometry.source(0, y, ky) else {
                continue;
            };
            let input = &input[from_y * geometry.input[1] * channels..][..geometry.input[1] * channels];
            for kx in 0..right {
                // The output columns whose input column lies on the map.
                let first = geometry.padding[1]
                    .saturating_sub(kx)
                    .div_ceil(geometry.stride[1]);
                let beyond = (geometry.input[1] + geometry.padding[1]).saturating_sub(kx);
                let end = beyond.div_ceil(geometry.stride[1]).min(columns);
                if first >= end {
                    continue;
                }
                let from = first * geometry.stride[1] + kx - geometry.padding[1];
                let sums = &mut sums[(ky * right + kx) * channels..][..channels];
                let gradient = &gradient[first * channels..end * channels];
                let input = &input[from * channels..];
                add_row(sums, gradient, input, geometry.stride[1]);
            }
        }
    }
}

/// `sums[c] += Σ gradient[x][c] · input[x · stride][c]`.
#[inline(always)]
fn add_row(sums: &mut [f32], gradient: &[f32], input: &[f32], stride: usize) {
    let channels = sums.len();
    let mut blocks = sums.chunks_exact_mut(LANES);
    let mut at = 0;
    for sums in blocks.by_ref() {
        let mut local = [0.0f32; LANES];
        local.copy_from_slice(sums);
        let values = input.chunks(stride * channels);
        for (gradient, values) in gradient.chunks_exact(channels).zip(values) {
            let (gradient, values) = (&gradient[at..at + LANES], &values[at..at + LANES]);
            for lane in 0..LANES {
                local[lane] = gradient[lane].mul_add(values[lane], local[lane]);
            }
        }
        sums.copy_from_slice(&local);
        at += LANES;
    }
    for (lane, sum) in blocks.into_remainder().iter_mut().enumerate() {
        let values = input.chunks(stride * channels);
        for (gradient, values) in gradient.chunks_exact(channels).zip(values) {
            *sum = gradient[at + lane].mul_add(values[at + lane], *sum);
        }
    }
}
