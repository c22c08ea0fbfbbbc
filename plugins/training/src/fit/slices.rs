//! Slices as units of training.

use std::time::Duration;

use burn::optim::GradientsParams;
use ichflow_api::context::Progress;
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::{Feed, HostBatch};

use super::learner::Learner;
use super::task::{Batches, Task};
use super::validator::{Validation, Validator};

/// A network on images, and the slices that it learns from.
pub(super) struct SliceTask<'a> {
    /// What computes the gradients of a batch.
    pub learner: Learner<'a>,
    /// What predicts the validation slices after an epoch.
    pub validator: Validator<'a>,
    /// What the network is, and what is built to find out about memory.
    pub spec: &'a NetworkSpec,
}

impl Batches<HostBatch> for Feed {
    fn waited(&self) -> Duration {
        Feed::waited(self)
    }
}

impl Task for SliceTask<'_> {
    type Network = Network;
    type Batch = HostBatch;
    const UNITS: [&'static str; 2] = ["slice", "slices"];

    fn labels(&self) -> &LabelSet {
        &self.learner.data.cohort.labels
    }

    fn labelled(&self) -> Result<Vec<(usize, Labels)>> {
        self.learner.data.labelled()
    }

    fn validates(&self) -> usize {
        self.validator.data.validation.len()
    }

    fn validates_nothing(&self) -> bool {
        self.validator.data.validates_nothing()
    }

    fn feed(&self, batches: Vec<Vec<usize>>, _first: u64) -> Box<dyn Batches<HostBatch> + '_> {
        Box::new(self.learner.data.feed(batches))
    }

    fn units(&self, batch: &HostBatch, context: &Context) -> Vec<usize> {
        batch.exclude_unread(&self.learner.data.cohort, context);
        batch.indices.clone()
    }

    fn gradients(
        &self,
        network: &Network,
        batch: HostBatch,
        number: u64,
        share: f64,
    ) -> Result<(Tensor<1>, GradientsParams)> {
        self.learner.gradients(network, batch, number, share)
    }

    fn validate(&self, network: &Network, context: &Context, progress: &dyn Progress) -> Result<Validation> {
        let model = self.validator.data.model(network.clone(), &self.spec.describe());
        self.validator.validate(&model, context, progress)
    }

    fn names(&self, units: &[usize]) -> Vec<String> {
        let slices = &self.learner.data.cohort.slices;
        let known = units.iter().filter_map(|index| slices.get(*index));
        known.map(|slice| slice.id.clone()).collect()
    }

    fn devices(&self) -> &[Device] {
        &self.learner.devices
    }

    fn attempt(&self, size: usize) -> Result<()> {
        let Learner { data, devices, .. } = &self.learner;
        let Some(device) = devices.first() else {
            return Ok(());
        };
        let network = data.network(self.spec, device)?;
        let slices = data.train.iter().copied().cycle().take(size).collect();
        if let Some(host) = data.feed(vec![slices]).next() {
            let (loss, _gradients) = self.learner.gradients(&network, host?, 0, 1.0)?;
            loss.into_scalar::<f32>();
        }
        Ok(())
    }
}
