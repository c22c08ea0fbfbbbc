//! Between channels-last and channels-first order.

use rayon::prelude::*;

/// Side of the squares that are turned at a time: two of them fit the first-level cache.
const SQUARE: usize = 32;

/// From `[batch, channels, pixels]` to `[batch, pixels, channels]`; with the two numbers exchanged, back.
pub(crate) fn transpose(input: &[f32], output: &mut [f32], [channels, pixels]: [usize; 2]) {
    if channels * pixels == 0 {
        return;
    }
    let image = channels * pixels;
    output
        .par_chunks_mut(image)
        .zip(input.par_chunks(image))
        .for_each(|(output, input)| {
            output
                .par_chunks_mut(channels * SQUARE)
                .enumerate()
                .for_each(|(strip, output)| turn(input, output, channels, pixels, strip * SQUARE));
        });
}

/// Fills the rows of `output` that belong to the pixels from `first` on.
fn turn(input: &[f32], output: &mut [f32], channels: usize, pixels: usize, first: usize) {
    let rows = output.len() / channels;
    for left in (0..channels).step_by(SQUARE) {
        let right = (left + SQUARE).min(channels);
        for row in 0..rows {
            for channel in left..right {
                output[row * channels + channel] = input[channel * pixels + first + row];
            }
        }
    }
}
