//! Augmentation: random changes of training images, on the device.

use std::sync::Arc;

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use crate::ports::Artifact;

/// A random change of a batch of training images.
pub trait Augmentation: Send + Sync {
    /// Changes `[batch, channels, height, width]` to the same shape. All randomness comes from `rng`,
    /// so that a seed fixes what is trained on.
    fn apply(&self, images: Tensor<4>, rng: &mut ChaCha8Rng) -> Tensor<4>;
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

    /// Applies the whole chain.
    pub fn apply(&self, images: Tensor<4>, rng: &mut ChaCha8Rng) -> Tensor<4> {
        self.0.iter().fold(images, |images, step| step.apply(images, rng))
    }
}
