//! Softmax and sums over the slices of each series.

use rayon::prelude::*;

use crate::kernels::activation::exp;

/// The rows of each series, as slices of `values`, `width` values each.
fn split<'a>(mut values: &'a mut [f32], lengths: &[usize], width: usize) -> Vec<&'a mut [f32]> {
    lengths
        .iter()
        .map(|length| {
            let (series, rest) = std::mem::take(&mut values).split_at_mut(length * width);
            values = rest;
            series
        })
        .collect()
}

/// Each series' values become their softmax: positive, with a sum of 1.
pub(crate) fn softmax(lengths: &[usize], values: &mut [f32]) {
    for series in split(values, lengths, 1) {
        softmax_of(series);
    }
}

/// The softmax of `values`, in place. The largest is taken off first, so that nothing overflows.
pub(crate) fn softmax_of(values: &mut [f32]) {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in values.iter_mut() {
        *value = exp(*value - largest);
        sum += *value;
    }
    values.iter_mut().for_each(|value| *value /= sum);
}

/// Turns `gradient`, of what [`softmax`] gave, into that of what it took.
pub(crate) fn softmax_backward(lengths: &[usize], softmax: &[f32], gradient: &mut [f32]) {
    let mut first = 0;
    for gradient in split(gradient, lengths, 1) {
        let softmax = &softmax[first..first + gradient.len()];
        first += gradient.len();
        softmax_of_backward(softmax, gradient);
    }
}

/// [`softmax_backward`] of one series.
pub(crate) fn softmax_of_backward(softmax: &[f32], gradient: &mut [f32]) {
    let mean: f32 = softmax
        .iter()
        .zip(&*gradient)
        .map(|(share, value)| share * value)
        .sum();
    for (value, share) in gradient.iter_mut().zip(softmax) {
        *value = share * (*value - mean);
    }
}

/// The sum of each series' rows `[slices, width]`, in their order: `[series, width]`.
pub(crate) fn sum(lengths: &[usize], width: usize, values: &[f32], out: &mut [f32]) {
    if width == 0 {
        return;
    }
    out.fill(0.0);
    let mut rows = values.chunks_exact(width);
    for (out, length) in out.chunks_exact_mut(width).zip(lengths) {
        for row in rows.by_ref().take(*length) {
            out.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// The gradient of the rows, from that of their sums: each row has that of its series.
pub(crate) fn sum_backward(lengths: &[usize], width: usize, gradient: &[f32], out: &mut [f32]) {
    if width == 0 {
        return;
    }
    let series = split(out, lengths, width);
    series
        .into_par_iter()
        .zip(gradient.par_chunks_exact(width))
        .for_each(|(rows, gradient)| {
            rows.chunks_exact_mut(width)
                .for_each(|row| row.copy_from_slice(gradient));
        });
}
