//! What a network's input is shifted and scaled by.

use burn::tensor::{Tensor, TensorData};

/// What a network expects its input to be shifted and scaled by; carried with pretrained weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// Subtracted, one value per channel (or one for all).
    pub mean: Vec<f32>,
    /// Divided by, one value per channel (or one for all).
    pub std: Vec<f32>,
}

impl Normalisation {
    /// Leaves images as they are.
    pub fn none() -> Self {
        Self {
            mean: vec![0.0],
            std: vec![1.0],
        }
    }

    /// `(images − mean) / std` over `[batch, channels, height, width]`.
    pub fn apply(&self, images: Tensor<4>) -> Tensor<4> {
        if *self == Self::none() {
            return images;
        }
        let device = images.device();
        let values = |values: &[f32]| {
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, values.len(), 1, 1]), &device)
        };
        (images - values(&self.mean)) / values(&self.std)
    }
}
