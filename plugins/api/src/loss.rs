//! Losses: what training minimises.

use std::sync::Arc;

use burn::tensor::Tensor;

use crate::ports::Artifact;

/// A loss over a batch.
pub trait LossFunction: Send + Sync {
    /// From logits `[batch, labels]` and truth `[batch, labels]` (0 to 1) to one number, a mean over the batch.
    fn loss(&self, logits: Tensor<2>, truth: Tensor<2>) -> Tensor<1>;
}

/// The artifact by which stages hand a [`LossFunction`] on.
#[derive(Clone)]
pub struct Loss(Arc<dyn LossFunction>);

impl Artifact for Loss {
    const NAME: &'static str = "loss";
}

impl Loss {
    /// Wraps a loss.
    pub fn new(loss: impl LossFunction + 'static) -> Self {
        Self(Arc::new(loss))
    }

    /// From logits `[batch, labels]` and truth `[batch, labels]` to one number.
    pub fn loss(&self, logits: Tensor<2>, truth: Tensor<2>) -> Tensor<1> {
        self.0.loss(logits, truth)
    }
}

/// Binary cross-entropy of every logit, `[batch, labels]`: `max(x, 0) − x·t + ln(1 + e^−|x|)`, which
/// neither overflows nor loses small values at any logit.
pub fn binary_cross_entropy(logits: Tensor<2>, truth: Tensor<2>) -> Tensor<2> {
    let softplus = logits.clone().abs().neg().exp().log1p();
    logits.clone().clamp_min(0.0) - logits * truth + softplus
}
