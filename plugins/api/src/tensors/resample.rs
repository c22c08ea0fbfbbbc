//! Separable resampling on the device: resizing, cropping and flipping as two matrix products.
//!
//! An output row is a weighted mean of input rows, and the weights do not depend on the column; the
//! same holds for columns. So `output = rows · image · columnsᵀ`, which runs on every backend, is exact
//! to differentiate, and does a crop, a flip and a change of size at once.

use burn::tensor::{Device, Tensor, TensorData};

pub use crate::data::axis_weights::{Span, weights};

/// Resizes `[batch, channels, height, width]` to `[batch, channels, size, size]`.
pub fn resize(images: Tensor<4>, size: usize) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    if height == size && width == size {
        return images;
    }
    resample(images, size, &[Span::whole(height)], &[Span::whole(width)])
}

/// Resamples each image of `[batch, channels, height, width]` to `size × size` from its own part of the
/// input. One span serves all images of the batch; else there is one per image.
pub fn resample(images: Tensor<4>, size: usize, rows: &[Span], columns: &[Span]) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    let device = images.device();
    let rows = matrices(rows, height, size, &device);
    let columns = matrices(columns, width, size, &device);
    product(product(rows, images), columns.swap_dims(2, 3))
}

/// `a · b`. The CPU's library cuts a depth above 512 where the caches of a processor are full, so that bits would depend
/// on them: here it never sees more.
fn product(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    const DEPTH: usize = 512;
    let [_, _, _, depth] = a.dims();
    if depth <= DEPTH {
        return a.matmul(b);
    }
    let part = |first: usize| {
        let count = DEPTH.min(depth - first);
        a.clone()
            .narrow(3, first, count)
            .matmul(b.clone().narrow(2, first, count))
    };
    (DEPTH..depth)
        .step_by(DEPTH)
        .fold(part(0), |sum, first| sum + part(first))
}

fn matrices(spans: &[Span], input: usize, output: usize, device: &Device) -> Tensor<4> {
    let values: Vec<f32> = spans
        .iter()
        .flat_map(|span| weights(*span, input, output))
        .collect();
    Tensor::from_data(TensorData::new(values, [spans.len(), 1, output, input]), device)
}
