//! What one step computes: from a batch in host memory to its loss.

use burn::tensor::{Tensor, TensorData};
use ichflow_api::feed::HostBatch;
use ichflow_api::labels::{self, COUNT};
use ichflow_api::prelude::*;

use super::trainer::Trainer;

impl Trainer<'_> {
    /// The loss of one batch.
    pub(super) fn loss_of(&mut self, network: &Network, host: HostBatch) -> Tensor<1> {
        let truth = self.truth(&host.indices);
        let images = self.training_images(network, host);
        let logits = network.forward(self.preparation.normalisation.apply(images));
        self.loss.loss(logits, truth)
    }

    /// What a batch's slices look like in training: windowed, resized and augmented, `[batch, channels,
    /// height, width]`.
    fn training_images(&mut self, network: &Network, host: HostBatch) -> Tensor<4> {
        let batch = host.upload(&self.cohort, &self.device);
        let images = self.preparation.images(&batch, network.window.as_ref());
        match &self.augment {
            Some(augment) => augment.apply(images, &mut self.augment_rng),
            None => images,
        }
    }

    /// Labels of the given slices, `[batch, labels]`, 0 or 1.
    fn truth(&self, indices: &[usize]) -> Tensor<2> {
        let truth: Vec<f32> = indices
            .iter()
            .flat_map(|index| {
                self.cohort.slices[*index]
                    .labels
                    .map_or([0.0; COUNT], |truth| labels::as_f32(&truth))
            })
            .collect();
        Tensor::from_data(TensorData::new(truth, [indices.len(), COUNT]), &self.device)
    }
}
