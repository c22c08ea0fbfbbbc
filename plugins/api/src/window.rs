//! Windowing: from Hounsfield units to the channels a network sees.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cohort::SliceTags;
use crate::learned_window::LearnedWindow;
use crate::ports::Artifact;

/// A window given by its center and width.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CenterWidth {
    /// Center, in HU.
    pub center: f64,
    /// Width, in HU; above 0.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub width: f64,
}

/// A batch of slices in Hounsfield units, on the device.
#[derive(Clone, Debug)]
pub struct HuBatch {
    hu: Tensor<4>,
    tags: Vec<SliceTags>,
    /// The slices around, by their offset along the series.
    around: Vec<(i32, HuBatch)>,
}

impl HuBatch {
    /// A batch from `[batch, 1, height, width]` HU and one set of tags a slice.
    pub fn new(hu: Tensor<4>, tags: Vec<SliceTags>) -> Self {
        Self {
            hu,
            tags,
            around: Vec::new(),
        }
    }

    /// Uploads `tags.len()` slices of `height × width` i16 values to the device and makes them float there.
    pub fn upload(hu: Vec<i16>, height: usize, width: usize, tags: Vec<SliceTags>, device: &Device) -> Self {
        let data = TensorData::new(hu, [tags.len(), 1, height, width]);
        let hu = Tensor::<4, Int>::from_data(data, (device, burn::tensor::DType::I16)).float();
        Self::new(hu, tags)
    }

    /// Hounsfield units, float, `[batch, 1, height, width]`.
    pub fn hu(&self) -> Tensor<4> {
        self.hu.clone()
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
    /// [`WindowScheme::offsets`].
    pub fn neighbours(&self, offset: i32) -> &Self {
        self.around
            .iter()
            .find(|(known, _)| *known == offset)
            .map_or(self, |(_, batch)| batch)
    }

    /// One value a slice as a tensor `[batch, 1, 1, 1]` beside [`HuBatch::hu`].
    pub fn per_slice(&self, value: impl Fn(&SliceTags) -> f32) -> Tensor<4> {
        let values: Vec<f32> = self.tags.iter().map(value).collect();
        let data = TensorData::new(values, [self.tags.len(), 1, 1, 1]);
        Tensor::from_data(data, &self.hu.device())
    }
}

/// A windowing scheme: pure tensor operations, so that CPU and GPU share one implementation.
pub trait WindowScheme: Send + Sync {
    /// Number of channels it makes.
    fn channels(&self) -> usize;

    /// From HU `[batch, 1, height, width]` to `[batch, channels, height, width]`, usually within 0 to 1.
    fn apply(&self, batch: &HuBatch) -> Tensor<4>;

    /// Places along the series, relative to the slice itself, of other slices it looks at: −1 is the one
    /// before. They come as [`HuBatch::neighbours`].
    fn offsets(&self) -> Vec<i32> {
        Vec::new()
    }

    /// Where its windows are learned: those to start from. Whoever trains a network gives it a copy, which
    /// is trained, kept and saved with the network, and applies the scheme with that.
    fn learned(&self, _device: &Device) -> Option<LearnedWindow> {
        None
    }

    /// As [`WindowScheme::apply`], with windows that were learned in place of those to start from.
    fn apply_learned(&self, batch: &HuBatch, _windows: &LearnedWindow) -> Tensor<4> {
        self.apply(batch)
    }
}

/// The artifact by which stages hand a [`WindowScheme`] on.
#[derive(Clone)]
pub struct Window(Arc<dyn WindowScheme>);

impl Artifact for Window {
    const NAME: &'static str = "window";
}

impl Window {
    /// Wraps a scheme.
    pub fn new(scheme: impl WindowScheme + 'static) -> Self {
        Self(Arc::new(scheme))
    }

    /// Number of channels the scheme makes.
    pub fn channels(&self) -> usize {
        self.0.channels()
    }

    /// See [`WindowScheme::offsets`].
    pub fn offsets(&self) -> Vec<i32> {
        self.0.offsets()
    }

    /// Applies the scheme to a batch.
    pub fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        self.0.apply(batch)
    }

    /// See [`WindowScheme::learned`].
    pub fn learned(&self, device: &Device) -> Option<LearnedWindow> {
        self.0.learned(device)
    }

    /// Applies the scheme to a batch, with the windows a network has learned if it has.
    pub fn apply_with(&self, batch: &HuBatch, learned: Option<&LearnedWindow>) -> Tensor<4> {
        match learned {
            Some(windows) => self.0.apply_learned(batch, windows),
            None => self.0.apply(batch),
        }
    }
}

/// `(clip(hu, lo, hi) − lo) / width` with `lo = center − width/2`, `hi = center + width/2`: 0 to 1.
pub fn linear_window(hu: Tensor<4>, center: f64, width: f64) -> Tensor<4> {
    let low = center - width / 2.0;
    hu.clamp(low, center + width / 2.0)
        .sub_scalar(low)
        .div_scalar(width)
}
