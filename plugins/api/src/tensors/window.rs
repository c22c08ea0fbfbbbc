//! Windowing: from Hounsfield units to the channels a network sees.

use std::sync::{Arc, OnceLock};

use burn::tensor::{Device, Tensor};
use ichflow_nn::LearnedWindow;

use crate::ports::{Artifact, Description};
use crate::tensors::hu_batch::HuBatch;
use crate::tensors::window_table::WindowTable;

/// A windowing scheme: pure tensor operations, so that CPU and GPU share one implementation.
pub trait WindowScheme: Send + Sync {
    /// Number of channels it makes.
    fn channels(&self) -> usize;

    /// From HU `[batch, 1, height, width]` to `[batch, channels, height, width]`, usually within 0 to 1.
    fn apply(&self, batch: &HuBatch) -> Tensor<4>;

    /// Whether each value it makes depends on that one pixel's HU alone: not on the slice's darkest or
    /// brightest pixel, its tags, or the slices around. On the CPU such a scheme is applied once to every
    /// value a pixel can have and then looked up, which is several times faster and the same to the last bit.
    fn pointwise(&self) -> bool {
        false
    }

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
pub struct Window {
    scheme: Arc<dyn WindowScheme>,
    /// Made when it is first needed.
    table: Arc<OnceLock<WindowTable>>,
}

impl Artifact for Window {
    const NAME: &'static str = "window";

    fn describe(&self) -> Description {
        Description::new().channels(self.channels())
    }
}

impl Window {
    /// Wraps a scheme.
    pub fn new(scheme: impl WindowScheme + 'static) -> Self {
        Self {
            scheme: Arc::new(scheme),
            table: Arc::default(),
        }
    }

    /// Number of channels the scheme makes.
    pub fn channels(&self) -> usize {
        self.scheme.channels()
    }

    /// See [`WindowScheme::offsets`].
    pub fn offsets(&self) -> Vec<i32> {
        self.scheme.offsets()
    }

    /// Applies the scheme to a batch.
    pub fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        match batch.stored() {
            Some(stored) if self.scheme.pointwise() => {
                let table = self
                    .table
                    .get_or_init(|| WindowTable::of(self.channels(), |all| self.scheme.apply(all)));
                table.look_up(stored, batch.device())
            }
            _ => self.scheme.apply(batch),
        }
    }

    /// See [`WindowScheme::pointwise`].
    pub fn pointwise(&self) -> bool {
        self.scheme.pointwise()
    }

    /// See [`WindowScheme::learned`].
    pub fn learned(&self, device: &Device) -> Option<LearnedWindow> {
        self.scheme.learned(device)
    }

    /// Applies the scheme to a batch, with the windows a network has learned if it has.
    pub fn apply_with(&self, batch: &HuBatch, learned: Option<&LearnedWindow>) -> Tensor<4> {
        match learned {
            Some(windows) => self.scheme.apply_learned(batch, windows),
            None => self.apply(batch),
        }
    }
}
