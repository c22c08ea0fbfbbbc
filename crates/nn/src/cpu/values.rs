//! Values of burn's CPU tensors in the order kernels want them.

use std::borrow::Cow;

use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{DType, Shape};

use crate::kernels::layout;

use super::buffer;

/// Batch, channels, height, width.
pub(crate) type Dims = [usize; 4];

/// The sizes of a tensor of four dimensions.
pub(crate) fn dims(tensor: &FlexTensor) -> Dims {
    let shape = tensor.layout().shape();
    std::array::from_fn(|dim| shape[dim])
}

/// Steps in memory of maps whose channels lie side by side.
fn steps([_, channels, height, width]: Dims) -> [isize; 4] {
    let [channels, height, width] = [channels, height, width].map(|size| size as isize);
    [height * width * channels, 1, width * channels, channels]
}

/// Whether a tensor's memory, from its offset on, is in channels-last order.
fn is_channels_last(tensor: &FlexTensor) -> bool {
    let dims = dims(tensor);
    let strides = tensor.layout().strides().iter().zip(steps(dims));
    // A step along a dimension of one is never made.
    strides
        .zip(dims)
        .all(|((is, should), size)| size <= 1 || *is == should)
}

fn slice(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage::<f32>()[start..start + tensor.layout().num_elements()]
}

/// The values of maps, channels last.
pub(crate) fn channels_last(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    if is_channels_last(tensor) {
        Cow::Borrowed(slice(tensor))
    } else {
        Cow::Owned(turned(tensor))
    }
}

fn turned(tensor: &FlexTensor) -> Vec<f32> {
    let [_, channels, height, width] = dims(tensor);
    let plain = tensor.to_contiguous();
    let mut values = buffer::take(tensor.layout().num_elements());
    layout::transpose(slice(&plain), &mut values, [channels, height * width]);
    values
}

/// The same maps, channels last, that nobody else holds: what a kernel may write over.
pub(crate) fn own(mut tensor: FlexTensor) -> FlexTensor {
    let dims = dims(&tensor);
    let whole = tensor.layout().start_offset() == 0
        && tensor.bytes().len() == tensor.layout().num_elements() * size_of::<f32>();
    if whole && is_channels_last(&tensor) {
        if tensor.try_storage_mut::<f32>().is_some() {
            return tensor;
        }
        let mut values = buffer::take(tensor.layout().num_elements());
        values.copy_from_slice(slice(&tensor));
        return maps(values, dims);
    }
    maps(turned(&tensor), dims)
}

/// The same values in row-major order, that nobody else holds.
pub(crate) fn own_plain(mut tensor: FlexTensor) -> FlexTensor {
    let layout = tensor.layout();
    let whole =
        layout.start_offset() == 0 && tensor.bytes().len() == layout.num_elements() * size_of::<f32>();
    if whole && layout.is_contiguous() && tensor.try_storage_mut::<f32>().is_some() {
        return tensor;
    }
    let shape = tensor.layout().shape().clone();
    let values = plain(&tensor).into_owned();
    FlexTensor::new(buffer::into_bytes(values), Layout::contiguous(shape), DType::F32)
}

/// The same values in whatever order they are in memory, that nobody else holds and with nothing between them.
pub(crate) fn own_dense(mut tensor: FlexTensor) -> FlexTensor {
    let layout = tensor.layout();
    let mut steps = layout.strides().iter().zip(layout.shape().iter());
    // No value twice: neither spread along a dimension nor a part of a larger tensor.
    let dense = layout.start_offset() == 0
        && tensor.bytes().len() == layout.num_elements() * size_of::<f32>()
        && steps.all(|(step, size)| *size <= 1 || *step > 0);
    if !dense {
        return own_plain(tensor);
    }
    if tensor.try_storage_mut::<f32>().is_some() {
        return tensor;
    }
    let mut values = buffer::take(tensor.layout().num_elements());
    values.copy_from_slice(tensor.storage::<f32>());
    FlexTensor::new(buffer::into_bytes(values), tensor.layout().clone(), DType::F32)
}

/// Values in row-major order.
pub(crate) fn plain(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    if tensor.layout().is_contiguous() {
        Cow::Borrowed(slice(tensor))
    } else {
        Cow::Owned(slice(&tensor.to_contiguous()).to_vec())
    }
}

/// A tensor of maps, of values in channels-last order.
pub(crate) fn maps(values: Vec<f32>, dims: Dims) -> FlexTensor {
    let layout = Layout::new(Shape::from(dims), steps(dims).to_vec(), 0);
    FlexTensor::new(buffer::into_bytes(values), layout, DType::F32)
}

/// A tensor of values in row-major order.
pub(crate) fn tensor<const D: usize>(values: Vec<f32>, dims: [usize; D]) -> FlexTensor {
    let layout = Layout::contiguous(Shape::from(dims));
    FlexTensor::new(buffer::into_bytes(values), layout, DType::F32)
}
