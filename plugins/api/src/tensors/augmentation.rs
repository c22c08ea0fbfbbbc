//! Augmentation: random changes of training data, on the device.

use std::sync::Arc;

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use crate::ports::Artifact;
use crate::tensors::hu_batch::HuBatch;

/// A random change of a batch in training. An augmentation changes one of three: Hounsfield units before
/// windowing, images after it, or images together with their labels.
///
/// All randomness comes from `rng`, which is another one for every batch: what is drawn is fixed by the
/// recipe's seed and the batch's number.
pub trait Augmentation: Send + Sync {
    /// Changes Hounsfield units, before windowing; keeps the number of slices and their size.
    fn apply_hu(&self, batch: HuBatch, _rng: &mut ChaCha8Rng) -> HuBatch {
        batch
    }

    /// Changes images `[batch, channels, height, width]`, windowed and resized, to the same shape.
    fn apply(&self, images: Tensor<4>, _rng: &mut ChaCha8Rng) -> Tensor<4> {
        images
    }

    /// Changes images and their labels `[batch, labels]` (0 to 1, NaN where unknown) together. Unless it is written otherwise,
    /// labels stay and [`Augmentation::apply`] changes the images.
    fn mix(&self, images: Tensor<4>, truth: Tensor<2>, rng: &mut ChaCha8Rng) -> (Tensor<4>, Tensor<2>) {
        (self.apply(images, rng), truth)
    }
}

/// The artifact by which stages hand augmentations on, in the order they are applied.
#[derive(Clone, Default)]
pub struct Augment(Vec<Arc<dyn Augmentation>>);

impl Artifact for Augment {
    const NAME: &'static str = "augment";
}

impl Augment {
    /// This augmentation after those of `earlier`.
    #[must_use]
    pub fn after(earlier: Option<&Self>, augmentation: impl Augmentation + 'static) -> Self {
        let mut chain = earlier.map(|augment| augment.0.clone()).unwrap_or_default();
        chain.push(Arc::new(augmentation));
        Self(chain)
    }

    /// Applies what the chain does to Hounsfield units.
    pub fn apply_hu(&self, batch: HuBatch, rng: &mut ChaCha8Rng) -> HuBatch {
        self.0.iter().fold(batch, |batch, step| step.apply_hu(batch, rng))
    }

    /// Applies what the chain does to images `[batch, channels, height, width]` and labels `[batch, labels]`.
    pub fn mix(&self, images: Tensor<4>, truth: Tensor<2>, rng: &mut ChaCha8Rng) -> (Tensor<4>, Tensor<2>) {
        self.0.iter().fold((images, truth), |(images, truth), step| {
            step.mix(images, truth, rng)
        })
    }
}
