//! Losses: what training minimises.

use std::sync::Arc;

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;

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

/// Binary cross-entropy of every logit, `[batch, labels]`: `−t·ln σ(x) − (1−t)·ln σ(−x)`. Each logarithm is
/// taken of the sigmoid as a whole, so that nothing overflows, cancels or loses small values.
pub fn binary_cross_entropy(logits: Tensor<2>, truth: Tensor<2>) -> Tensor<2> {
    let negative = truth.clone().neg().add_scalar(1.0);
    (truth * log_sigmoid(logits.clone()) + negative * log_sigmoid(logits.neg())).neg()
}
