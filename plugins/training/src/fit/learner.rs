//! What one batch computes: from Hounsfield units in host memory to its loss and gradients.

use std::sync::Arc;

use burn::optim::GradientsParams;
use burn::tensor::TensorData;
use ichflow_api::nn::Precision;
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::HostBatch;
use ichflow_api::tensors::loss::rows_of_truth;
use rand_chacha::ChaCha8Rng;

use super::data::Data;
use super::replicas;

/// Computes the gradients of batches.
pub(super) struct Learner<'a> {
    /// What is trained on.
    pub data: &'a Data,
    /// All devices that share a batch, the network's first; with autodiff.
    pub devices: Vec<Device>,
    /// What convolutions and linear layers multiply.
    pub precision: Precision,
    /// What is minimised.
    pub loss: Arc<Loss>,
    /// How images are varied.
    pub augment: Option<Arc<Augment>>,
    /// Its streams are the batches, by number.
    pub augment_rng: ChaCha8Rng,
    /// Batches add their number to it.
    pub dropout_seed: u64,
}

impl Learner<'_> {
    /// The loss of a batch, off the tape, and the gradients of `share` times it. `number` counts the batches of all
    /// epochs: it numbers the random generators, so that a batch is the same whatever came before it in this process.
    ///
    /// # Errors
    /// Where the batch has no slice.
    pub(super) fn gradients(
        &self,
        network: &Network,
        host: HostBatch,
        number: u64,
        share: f64,
    ) -> Result<(Tensor<1>, GradientsParams)> {
        let nothing = || Error::new("a batch without slices cannot be trained on");
        if host.is_empty() {
            return Err(nothing());
        }
        let parts = host.split(self.devices.len());
        let parts = parts.into_iter().map(|part| {
            let size = part.indices.len();
            (part, size)
        });
        let loss_of = |network: &Network, part, device: &Device, index| {
            self.loss_of(network, part, device, [number, index as u64])
        };
        replicas::gradients(network, &self.devices, parts.collect(), share, loss_of).ok_or_else(nothing)
    }

    /// The loss of one part of a batch, `[1]`, on a device that holds a copy of the network.
    fn loss_of(
        &self,
        network: &Network,
        host: HostBatch,
        device: &Device,
        [number, part]: [u64; 2],
    ) -> Tensor<1> {
        // Parts of a batch are far from any batch's number.
        let stream = number.wrapping_add(part << 48);
        device.seed(self.dropout_seed.wrapping_add(stream));
        let (images, targets) = self.training_batch(network, host, device, stream);
        let images = self.data.preparation.normalisation.apply(images);
        let context = ForwardContext::default().with_precision(self.precision);
        let logits = network.forward_with(images, &context);
        self.loss.loss(logits, &targets)
    }

    /// What a batch looks like in training: windowed, resized and augmented images `[batch, channels, height,
    /// width]`, and what it should come to.
    fn training_batch(
        &self,
        network: &Network,
        host: HostBatch,
        device: &Device,
        stream: u64,
    ) -> (Tensor<4>, Targets) {
        let labels = &self.data.cohort.labels;
        let (truth, complete) = self.truth(&host.indices, device);
        let batch = host.upload(&self.data.cohort, device);
        let images = |batch| self.data.preparation.images(batch, network.window.as_ref());
        let Some(augment) = &self.augment else {
            return (images(&batch), Targets::new(truth, labels, complete));
        };
        let mut rng = self.augment_rng.clone();
        rng.set_stream(stream);
        let batch = augment.apply_hu(batch, &mut rng);
        let (images, truth) = augment.mix(images(&batch), truth, &mut rng);
        (images, Targets::new(truth, labels, complete))
    }

    /// Truth of the given slices, `[batch, labels]`, NaN where it is unknown, and whether all of it is known.
    fn truth(&self, indices: &[usize], device: &Device) -> (Tensor<2>, bool) {
        let cohort = &self.data.cohort;
        let labels = cohort.labels.len();
        let truth = rows_of_truth(
            indices.iter().map(|index| cohort.slices[*index].labels.as_ref()),
            labels,
        );
        let complete = !truth.iter().any(|value| value.is_nan());
        let truth = Tensor::from_data(TensorData::new(truth, [indices.len(), labels]), device);
        (truth, complete)
    }
}
