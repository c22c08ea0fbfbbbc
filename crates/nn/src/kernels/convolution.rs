//! Convolutions as matrix products.
//!
//! With channels last, a 1×1 convolution is one product of pixels and weights. Larger kernels gather, for a strip
//! of output pixels at a time, what each pixel sees into a row of a small matrix, and multiply that.

use std::cell::RefCell;

use rayon::prelude::*;

use crate::kernels::Geometry;
use crate::kernels::matrix::{Matrix, product};

/// About as many gathered values as fit into a core's second-level cache.
const STRIP_VALUES: usize = 64 * 1024;
/// Fewest pixels of a piece of work that adds up gradients of weights.
const PIECE_PIXELS: usize = 2048;
/// Most values that pieces of gradients of weights may have together.
const PIECES_VALUES: usize = 1 << 24;
/// Output channels of a piece of the gradients of weights.
const PIECE_OUTPUTS: usize = 96;

thread_local! {
    static SCRATCH: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// Calls `work` with two slices of this thread that hold what they may.
fn with_scratch<R>(sizes: [usize; 2], work: impl FnOnce([&mut [f32]; 2]) -> R) -> R {
    // Taken out while it is used: a product may hand this thread another piece of work.
    let mut scratch = SCRATCH.with(|scratch| std::mem::take(&mut *scratch.borrow_mut()));
    for (buffer, size) in scratch.iter_mut().zip(sizes) {
        if buffer.len() < size {
            buffer.resize(size, 0.0);
        }
    }
    let [a, b] = &mut scratch;
    let result = work([&mut a[..sizes[0]], &mut b[..sizes[1]]]);
    SCRATCH.with(|place| *place.borrow_mut() = scratch);
    result
}

/// Output pixels gathered at a time.
fn strip(geometry: &Geometry) -> usize {
    let width = if geometry.is_pointwise() {
        geometry.inputs + geometry.outputs
    } else {
        geometry.fan_in()
    };
    (STRIP_VALUES / width.max(1)).clamp(32, 1024)
}

/// Weights `[outputs, inputs / groups, height, width]` with the kernel's places before the channels.
fn places_first(geometry: &Geometry, weights: &[f32]) -> Vec<f32> {
    let places = geometry.kernel[0] * geometry.kernel[1];
    let channels = geometry.group_inputs();
    let mut out = vec![0.0; weights.len()];
    for (out, weights) in out
        .chunks_mut(places * channels)
        .zip(weights.chunks(places * channels))
    {
        for channel in 0..channels {
            for place in 0..places {
                out[place * channels + channel] = weights[channel * places + place];
            }
        }
    }
    out
}

/// Puts what output pixels from `first` on see of group `group` into the rows of `rows`.
fn gather(geometry: &Geometry, input: &[f32], group: usize, first: usize, rows: &mut [f32]) {
    let channels = geometry.group_inputs();
    let [height, width] = geometry.input;
    let [rows_out, columns_out] = geometry.output;
    let [down, right] = geometry.kernel;
    for (index, row) in rows.chunks_exact_mut(geometry.fan_in()).enumerate() {
        let pixel = first + index;
        let (image, pixel) = (pixel / (rows_out * columns_out), pixel % (rows_out * columns_out));
        let (y, x) = (pixel / columns_out, pixel % columns_out);
        for ky in 0..down {
            let row = &mut row[ky * right * channels..(ky + 1) * right * channels];
            let Some(from_y) = geometry.source(0, y, ky) else {
                row.fill(0.0);
                continue;
            };
            for kx in 0..right {
                let cell = &mut row[kx * channels..(kx + 1) * channels];
                match geometry.source(1, x, kx) {
                    Some(from_x) => {
                        let at =
                            ((image * height + from_y) * width + from_x) * geometry.inputs + group * channels;
                        cell.copy_from_slice(&input[at..at + channels]);
                    }
                    None => cell.fill(0.0),
                }
            }
        }
    }
}

/// Adds rows as [`gather`] makes them to the pixels of one image that they came from.
fn scatter(geometry: &Geometry, rows: &[f32], group: usize, first: usize, image: &mut [f32]) {
    let channels = geometry.group_inputs();
    let width = geometry.input[1];
    let columns_out = geometry.output[1];
    let [down, right] = geometry.kernel;
    for (index, row) in rows.chunks_exact(geometry.fan_in()).enumerate() {
        let (y, x) = ((first + index) / columns_out, (first + index) % columns_out);
        for ky in 0..down {
            let Some(to_y) = geometry.source(0, y, ky) else {
                continue;
            };
            for kx in 0..right {
                let Some(to_x) = geometry.source(1, x, kx) else {
                    continue;
                };
                let from = (ky * right + kx) * channels;
                let at = (to_y * width + to_x) * geometry.inputs + group * channels;
                let cells = image[at..at + channels].iter_mut();
                for (cell, value) in cells.zip(&row[from..from + channels]) {
                    *cell += value;
                }
            }
        }
    }
}

/// The convolution of `input` with `weights` `[outputs, inputs / groups, height, width]`, plus `bias` if there is
/// one, into `output`: for an image, the same whatever images are with it.
pub(crate) fn forward(
    geometry: &Geometry,
    input: &[f32],
    weights: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    let strip = strip(geometry);
    let outputs = geometry.outputs;
    let fan_in = geometry.fan_in();
    let pointwise = geometry.is_pointwise();
    let weights = if pointwise {
        weights.to_vec()
    } else {
        places_first(geometry, weights)
    };
    output
        .par_chunks_mut((strip * outputs).max(1))
        .enumerate()
        .for_each(|(index, output)| {
            let first = index * strip;
            let pixels = output.len() / outputs;
            let per_group = geometry.group_outputs();
            let size = if pointwise { 0 } else { pixels * fan_in };
            with_scratch([size, 0], |[rows, _]| {
                for group in 0..geometry.groups {
                    let seen = if pointwise {
                        &input[first * fan_in..(first + pixels) * fan_in]
                    } else {
                        gather(geometry, input, group, first, rows);
                        &*rows
                    };
                    let seen = Matrix::rows(seen, [pixels, fan_in], fan_in);
                    let weights = &weights[group * per_group * fan_in..(group + 1) * per_group * fan_in];
                    let weights = Matrix::rows(weights, [per_group, fan_in], fan_in).transposed();
                    let output = &mut output[group * per_group..];
                    product(output, outputs, seen, weights, false);
                }
            });
            if let Some(bias) = bias {
                for row in output.chunks_exact_mut(outputs) {
                    for (value, bias) in row.iter_mut().zip(bias) {
                        *value += bias;
                    }
                }
            }
        });
}

/// The gradient of the input, from that of the output.
pub(crate) fn backward_input(geometry: &Geometry, gradient: &[f32], weights: &[f32], out: &mut [f32]) {
    let strip = strip(geometry);
    let fan_in = geometry.fan_in();
    let (inputs, outputs) = (geometry.inputs, geometry.outputs);
    if geometry.is_pointwise() {
        out.par_chunks_mut((strip * inputs).max(1))
            .zip(gradient.par_chunks((strip * outputs).max(1)))
            .for_each(|(out, gradient)| {
                let pixels = out.len() / inputs;
                let gradient = Matrix::rows(gradient, [pixels, outputs], outputs);
                let weights = Matrix::rows(weights, [outputs, inputs], inputs);
                product(out, inputs, gradient, weights, false);
            });
        return;
    }
    let weights = places_first(geometry, weights);
    let per_group = geometry.group_outputs();
    let pixels_out = geometry.output[0] * geometry.output[1];
    let image_in = geometry.input[0] * geometry.input[1] * inputs;
    out.par_chunks_mut(image_in.max(1))
        .zip(gradient.par_chunks((pixels_out * outputs).max(1)))
        .for_each(|(out, gradient)| {
            out.fill(0.0);
            with_scratch([strip * fan_in, 0], |[rows, _]| {
                for first in (0..pixels_out).step_by(strip) {
                    let pixels = strip.min(pixels_out - first);
                    let rows = &mut rows[..pixels * fan_in];
                    for group in 0..geometry.groups {
                        let gradient = &gradient[first * outputs + group * per_group..];
                        let gradient = Matrix::rows(gradient, [pixels, per_group], outputs);
                        let weights = &weights[group * per_group * fan_in..(group + 1) * per_group * fan_in];
                        let weights = Matrix::rows(weights, [per_group, fan_in], fan_in);
                        product(rows, fan_in, gradient, weights, false);
                        scatter(geometry, rows, group, first, out);
                    }
                }
            });
        });
}

/// The gradient of the weights, `[outputs, inputs / groups, height, width]`, from that of the output.
///
/// Pixels are cut into pieces by the shape alone; what the pieces give is added in their order.
pub(crate) fn backward_weights(geometry: &Geometry, input: &[f32], gradient: &[f32], out: &mut [f32]) {
    let pixels = geometry.output_pixels();
    let fan_in = geometry.fan_in();
    let per_group = geometry.group_outputs();
    let most = (PIECES_VALUES / out.len().max(1)).max(1);
    let pieces = (pixels / PIECE_PIXELS).clamp(1, most.min(64));
    let per_piece = pixels.div_ceil(pieces).max(1);
    let blocks = per_group.div_ceil(PIECE_OUTPUTS).max(1);
    let per_block = per_group.div_ceil(blocks).max(1);
    // A piece is a range of pixels, a group, and a block of its output channels: rows of the gradient.
    let piece_of = |piece: usize, sums: &mut [f32]| {
        let from = (piece * per_piece).min(pixels);
        let to = (from + per_piece).min(pixels);
        sums.par_chunks_mut(per_group * fan_in)
            .enumerate()
            .for_each(|(group, sums)| {
                sums.par_chunks_mut(per_block * fan_in)
                    .enumerate()
                    .for_each(|(block, sums)| {
                        let left = group * per_group + block * per_block;
                        block_of_weights(geometry, input, gradient, [from, to], [group, left], sums);
                    });
            });
    };
    let places = geometry.kernel[0] * geometry.kernel[1];
    if pieces == 1 && places == 1 {
        piece_of(0, out);
        return;
    }
    let mut sums: Vec<Vec<f32>> = (0..pieces).map(|_| vec![0.0; out.len()]).collect();
    sums.par_iter_mut()
        .enumerate()
        .for_each(|(piece, sums)| piece_of(piece, sums));
    let mut sums = sums.into_iter();
    let mut total = sums.next().unwrap_or_default();
    for piece in sums {
        for (total, value) in total.iter_mut().zip(piece) {
            *total += value;
        }
    }
    // Back from places before channels.
    let channels = geometry.group_inputs();
    for (out, total) in out.chunks_mut(fan_in.max(1)).zip(total.chunks(fan_in.max(1))) {
        for channel in 0..channels {
            for place in 0..places {
                out[channel * places + place] = total[place * channels + channel];
            }
        }
    }
}

/// Rows of the gradient of the weights of one group, output channels from `left` on, over pixels `from..to`.
fn block_of_weights(
    geometry: &Geometry,
    input: &[f32],
    gradient: &[f32],
    [from, to]: [usize; 2],
    [group, left]: [usize; 2],
    sums: &mut [f32],
) {
    let fan_in = geometry.fan_in();
    let outputs = geometry.outputs;
    let rows_of_sums = sums.len() / fan_in;
    let pointwise = geometry.is_pointwise();
    let strip = strip(geometry);
    let size = if pointwise { 0 } else { strip * fan_in };
    with_scratch([size, 0], |[rows, _]| {
        for first in (from..to).step_by(strip) {
            let pixels = strip.min(to - first);
            let seen = if pointwise {
                &input[first * fan_in..(first + pixels) * fan_in]
            } else {
                let rows = &mut rows[..pixels * fan_in];
                gather(geometry, input, group, first, rows);
                &*rows
            };
            let seen = Matrix::rows(seen, [pixels, fan_in], fan_in);
            let gradient = Matrix::rows(
                &gradient[first * outputs + left..],
                [pixels, rows_of_sums],
                outputs,
            );
            product(sums, fan_in, gradient.transposed(), seen, first > from);
        }
    });
}

/// The gradient of the bias: the sum of the output's over all pixels.
pub(crate) fn backward_bias(outputs: usize, gradient: &[f32], out: &mut [f32]) {
    const PIXELS: usize = 1024;
    let pieces: Vec<Vec<f32>> = gradient
        .par_chunks((PIXELS * outputs).max(1))
        .map(|piece| {
            let mut sums = vec![0.0f32; outputs];
            for row in piece.chunks_exact(outputs) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
            sums
        })
        .collect();
    out.fill(0.0);
    for piece in pieces {
        for (out, value) in out.iter_mut().zip(piece) {
            *out += value;
        }
    }
}
