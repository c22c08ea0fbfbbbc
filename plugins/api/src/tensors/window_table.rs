//! Windows looked up: on a CPU, a scheme that treats each pixel by itself need only be computed for the 65,536
//! values that a pixel can have.

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::data::cohort::SliceTags;
use crate::tensors::hu_batch::{HuBatch, Stored};

/// Number of different 16-bit values.
const VALUES: usize = 1 << 16;

/// What a pointwise scheme makes of every value: one stretch of 65,536 a channel, by the value's bits.
pub(super) struct WindowTable {
    values: Vec<f32>,
    channels: usize,
}

impl WindowTable {
    /// The table of a scheme of so many channels, made by the scheme itself.
    pub(super) fn of(channels: usize, scheme: impl FnOnce(&HuBatch) -> Tensor<4>) -> Self {
        let all = (0..=u16::MAX).map(u16::cast_signed).collect();
        let batch = HuBatch::upload(all, 256, 256, vec![SliceTags::default()], &Device::flex());
        let values = scheme(&batch).into_data().convert::<f32>();
        Self {
            channels,
            values: values.try_to_vec().unwrap_or_default(),
        }
    }

    /// The scheme's channels `[batch, channels, height, width]` of stored values.
    pub(super) fn look_up(&self, stored: &Stored, device: &Device) -> Tensor<4> {
        let [slices, _, height, width] = stored.shape;
        let area = height * width;
        let mut result = vec![0.0; slices * self.channels * area];
        if area > 0 && self.values.len() == self.channels * VALUES {
            result
                .par_chunks_exact_mut(area)
                .enumerate()
                .for_each(|(plane, result)| {
                    let (slice, channel) = (plane / self.channels, plane % self.channels);
                    let table = &self.values[channel * VALUES..(channel + 1) * VALUES];
                    let hu = &stored.hu[slice * area..(slice + 1) * area];
                    for (result, hu) in result.iter_mut().zip(hu) {
                        *result = table[usize::from(hu.cast_unsigned())];
                    }
                });
        }
        let data = TensorData::new(result, [slices, self.channels, height, width]);
        Tensor::from_data(data, device)
    }
}
