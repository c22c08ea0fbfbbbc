//! What one batch computes: from Hounsfield units in host memory to its loss.

use burn::tensor::{Tensor, TensorData};
use ichflow_api::feed::HostBatch;
use ichflow_api::labels::{self, COUNT};
use ichflow_api::prelude::*;

use super::trainer::Trainer;

impl Trainer<'_> {
    /// The loss of one batch, `[1]`. `number` counts the batches of all epochs: it numbers the random
    /// generators, so that a batch is the same whatever came before it in this process.
    pub(super) fn loss_of(&self, network: &Network, host: HostBatch, number: u64) -> Tensor<1> {
        self.device.seed(self.dropout_seed.wrapping_add(number));
        let (images, truth) = self.training_batch(network, host, number);
        let logits = network.forward(self.preparation.normalisation.apply(images));
        self.loss.loss(logits, truth)
    }

    /// What a batch looks like in training: windowed, resized and augmented images `[batch, channels, height,
    /// width]`, and labels `[batch, labels]`, 0 to 1.
    fn training_batch(&self, network: &Network, host: HostBatch, number: u64) -> (Tensor<4>, Tensor<2>) {
        let truth = self.truth(&host.indices);
        let batch = host.upload(&self.cohort, &self.device);
        let images = |batch| self.preparation.images(batch, network.window.as_ref());
        let Some(augment) = &self.augment else {
            return (images(&batch), truth);
        };
        let mut rng = self.augment_rng.clone();
        rng.set_stream(number);
        let batch = augment.apply_hu(batch, &mut rng);
        augment.mix(images(&batch), truth, &mut rng)
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
