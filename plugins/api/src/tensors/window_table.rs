//! Windows looked up: on a CPU, a scheme that treats each pixel by itself need only be computed for the 65,536
//! values that a pixel can have.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use rayon::prelude::*;

use crate::data::cohort::SliceTags;
use crate::tensors::window::{HuBatch, WindowScheme};

/// Number of different 16-bit values.
const VALUES: usize = 1 << 16;

/// Hounsfield units as they come from the host.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    hu: Vec<i16>,
    /// `[batch, 1, height, width]`
    shape: [usize; 4],
}

impl Stored {
    pub(crate) fn new(hu: Vec<i16>, shape: [usize; 4]) -> Self {
        Self { hu, shape }
    }

    /// The values on a device, made float there.
    pub(crate) fn into_tensor(self, device: &Device) -> Tensor<4> {
        let data = TensorData::new(self.hu, self.shape);
        Tensor::<4, Int>::from_data(data, (device, DType::I16)).float()
    }
}

/// What a pointwise scheme makes of every value: one stretch of 65,536 a channel, by the value's bits.
pub(crate) struct WindowTable {
    values: Vec<f32>,
    channels: usize,
}

impl WindowTable {
    /// The table of a scheme, made by the scheme itself.
    pub(crate) fn of(scheme: &dyn WindowScheme) -> Self {
        let all = (0..=u16::MAX).map(u16::cast_signed).collect();
        let batch = HuBatch::upload(all, 256, 256, vec![SliceTags::default()], &Device::flex());
        let values = scheme.apply(&batch).into_data().convert::<f32>();
        Self {
            channels: scheme.channels(),
            values: values.try_to_vec().unwrap_or_default(),
        }
    }

    /// The scheme's channels `[batch, channels, height, width]` of stored values.
    pub(crate) fn look_up(&self, stored: &Stored, device: &Device) -> Tensor<4> {
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
