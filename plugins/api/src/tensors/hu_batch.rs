//! A batch of slices in Hounsfield units.

use std::sync::{Arc, OnceLock};

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use crate::data::cohort::SliceTags;

/// A batch of slices in Hounsfield units, on the device.
#[derive(Clone, Debug)]
pub struct HuBatch {
    /// On the CPU made of `stored` when it is first asked for: schemes that are looked up never ask.
    hu: OnceLock<Tensor<4>>,
    /// The values as they were uploaded, where the CPU is the device.
    stored: Option<Arc<Stored>>,
    device: Device,
    tags: Vec<SliceTags>,
    /// Whether every value is a whole number.
    whole: bool,
    /// By how much windows are widened, in HU, one number per slice.
    widening: Option<Vec<f32>>,
    /// The slices around, by their offset along the series.
    around: Vec<(i32, HuBatch)>,
}

/// A random change of one slice's intensities, for training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntensityShift {
    /// HU are multiplied by it.
    pub scale: f32,
    /// Centers of all windows are moved by it, in HU.
    pub center: f32,
    /// Widths of all windows are changed by it, in HU; no width falls below half of itself.
    pub width: f32,
}

impl HuBatch {
    /// A batch from `[batch, 1, height, width]` HU and one set of tags a slice.
    pub fn new(hu: Tensor<4>, tags: Vec<SliceTags>) -> Self {
        Self {
            device: hu.device(),
            hu: OnceLock::from(hu),
            stored: None,
            tags,
            whole: false,
            widening: None,
            around: Vec::new(),
        }
    }

    /// Uploads `tags.len()` slices of `height × width` i16 values to the device and makes them float there.
    pub fn upload(hu: Vec<i16>, height: usize, width: usize, tags: Vec<SliceTags>, device: &Device) -> Self {
        let stored = Stored::new(hu, [tags.len(), 1, height, width]);
        if device.clone().without_autodiff() == Device::flex() {
            return Self {
                hu: OnceLock::new(),
                stored: Some(Arc::new(stored)),
                device: device.clone(),
                tags,
                whole: true,
                widening: None,
                around: Vec::new(),
            };
        }
        Self {
            whole: true,
            ..Self::new(stored.into_tensor(device), tags)
        }
    }

    /// The values as they were uploaded, where the CPU is the device.
    pub(super) fn stored(&self) -> Option<&Stored> {
        self.stored.as_deref()
    }

    /// Where the batch is.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Hounsfield units, float, `[batch, 1, height, width]`.
    pub fn hu(&self) -> Tensor<4> {
        let made = self.hu.get_or_init(|| match &self.stored {
            Some(stored) => Stored::clone(stored).into_tensor(&self.device),
            // `new` sets the one, `upload` the other.
            None => Tensor::zeros([self.tags.len(), 1, 1, 1], &self.device),
        });
        made.clone()
    }

    /// The slices' own header values, one set a slice.
    pub fn tags(&self) -> &[SliceTags] {
        &self.tags
    }

    /// Number of slices.
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// Adds the slices that stand `offset` places further along the series, one for each of the batch.
    #[must_use]
    pub fn with_neighbours(mut self, offset: i32, neighbours: Self) -> Self {
        self.around.push((offset, neighbours));
        self
    }

    /// The slices that stand `offset` places further along the series; those of offset 0 are the batch's
    /// own. The batch's own too where the neighbours were not read: a scheme that needs them says so by
    /// `WindowScheme::offsets`.
    pub fn neighbours(&self, offset: i32) -> &Self {
        self.around
            .iter()
            .find(|(known, _)| *known == offset)
            .map_or(self, |(_, batch)| batch)
    }

    /// Whether every value is a whole number of HU, as files store them.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The same slices with other values, of the same shape.
    #[must_use]
    pub fn with_hu(&self, hu: Tensor<4>) -> Self {
        Self {
            hu: OnceLock::from(hu),
            stored: None,
            whole: false,
            around: Vec::new(),
            ..self.clone()
        }
    }

    /// One value per slice as a tensor `[batch, 1, 1, 1]` beside [`HuBatch::hu`].
    pub fn per_slice(&self, value: impl Fn(&SliceTags) -> f32) -> Tensor<4> {
        self.column(self.tags.iter().map(value).collect())
    }

    fn column(&self, values: Vec<f32>) -> Tensor<4> {
        let data = TensorData::new(values, [self.tags.len(), 1, 1, 1]);
        Tensor::from_data(data, &self.device)
    }

    /// Changes intensities, one shift a slice, and those of the slices around alike.
    ///
    /// A window whose center lies `d` higher shows what the same window shows of HU that are `d` lower, so
    /// centers of every scheme move without its doing. Widths are its own: a scheme asks for them by
    /// [`HuBatch::widths`], or uses [`HuBatch::linear`].
    #[must_use]
    pub fn shifted(&self, shifts: &[IntensityShift]) -> Self {
        let scale = self.column(shifts.iter().map(|shift| shift.scale).collect());
        let center = self.column(shifts.iter().map(|shift| shift.center).collect());
        let around = |(offset, batch): &(i32, Self)| (*offset, batch.shifted(shifts));
        Self {
            hu: OnceLock::from(self.hu() * scale - center),
            stored: None,
            device: self.device.clone(),
            tags: self.tags.clone(),
            whole: false,
            widening: Some(shifts.iter().map(|shift| shift.width).collect()),
            around: self.around.iter().map(around).collect(),
        }
    }

    /// By how much windows are widened, in HU, one number per slice; none outside of training.
    pub fn widening(&self) -> Option<Tensor<4>> {
        self.widening.as_ref().map(|values| self.column(values.clone()))
    }

    /// Widths of a scheme's windows, in HU, as a tensor `[batch, 1, 1, 1]`: what the scheme wants, changed by
    /// an [`IntensityShift`] if there is one.
    pub fn widths(&self, width: impl Fn(&SliceTags) -> f32) -> Tensor<4> {
        let wanted = self.tags.iter().map(width);
        self.column(match &self.widening {
            Some(shifts) => wanted
                .zip(shifts)
                .map(|(width, shift)| widened(width, *shift))
                .collect(),
            None => wanted.collect(),
        })
    }

    /// `(clip(hu, lo, hi) − lo) / width` with `lo = center − width/2`, `hi = center + width/2`: 0 to 1.
    pub fn linear(&self, center: f64, width: f64) -> Tensor<4> {
        if self.widening.is_none() {
            return linear_window(self.hu(), center, width);
        }
        let width = self.widths(|_| width as f32);
        (self.hu().sub_scalar(center) / width)
            .add_scalar(0.5)
            .clamp(0.0, 1.0)
    }
}

/// `width + shift`, but at least half of `width`.
fn widened(width: f32, shift: f32) -> f32 {
    (width + shift).max(width / 2.0)
}

/// [`HuBatch::linear`] of HU that no batch holds.
pub fn linear_window(hu: Tensor<4>, center: f64, width: f64) -> Tensor<4> {
    let low = center - width / 2.0;
    hu.clamp(low, center + width / 2.0)
        .sub_scalar(low)
        .div_scalar(width)
}

/// Hounsfield units as they come from the host.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) hu: Vec<i16>,
    /// `[batch, 1, height, width]`
    pub(super) shape: [usize; 4],
}

impl Stored {
    fn new(hu: Vec<i16>, shape: [usize; 4]) -> Self {
        Self { hu, shape }
    }

    /// The values on a device, made float there.
    fn into_tensor(self, device: &Device) -> Tensor<4> {
        let data = TensorData::new(self.hu, self.shape);
        Tensor::<4, Int>::from_data(data, (device, DType::I16)).float()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(hu: &[i16]) -> HuBatch {
        HuBatch::upload(hu.to_vec(), 1, 3, vec![SliceTags::default(); 2], &Device::flex())
    }

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn a_shift_moves_and_widens_windows_and_takes_the_neighbours_along() {
        let plain = batch(&[0, 40, 90, 0, 40, 90]).with_neighbours(1, batch(&[50; 6]));
        let shifts = [
            IntensityShift {
                scale: 1.1,
                center: 5.0,
                width: 10.0,
            },
            IntensityShift {
                scale: 1.0,
                center: -4.0,
                width: -100.0,
            },
        ];
        let shifted = plain.shifted(&shifts);
        assert!(plain.is_whole() && !shifted.is_whole());
        // 45/90 of HU × 1.1; 36/40, as 80 HU narrower by 100 would be nothing.
        let expected = [0.0, 44.0 / 90.0, 1.0, 0.0, 0.6, 1.0];
        for (got, expected) in values(shifted.linear(40.0, 80.0)).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        }
        let around = values(shifted.neighbours(1).hu());
        assert!(
            (around[0] - 50.0).abs() < 1e-5 && (around[3] - 54.0).abs() < 1e-5,
            "{around:?}"
        );
        let none = [IntensityShift {
            scale: 1.0,
            center: 0.0,
            width: 0.0,
        }; 2];
        let same = values(plain.shifted(&none).linear(40.0, 80.0));
        assert_eq!(same, values(plain.linear(40.0, 80.0)));
    }
}
