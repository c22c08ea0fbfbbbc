//! Held-out slices after an epoch.

use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use ichflow_api::context::Progress;
use ichflow_api::data::labels::COUNT;
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::{Feed, batches_of};

use super::trainer::Trainer;

/// Predictions stay on the device for so many batches: reading one makes the host wait.
const READ_EVERY: usize = 20;

/// Predictions of the held-out slices whose truth is known.
#[derive(Default)]
pub struct HeldOut {
    /// What is true.
    pub truth: Vec<Labels>,
    /// What was predicted.
    pub probabilities: Vec<[f64; COUNT]>,
    /// How long it took.
    pub took: Duration,
    /// Of this, waited for data.
    pub waited: Duration,
}

impl Trainer<'_> {
    /// Predicts all held-out slices.
    pub(super) fn held_out(&self, model: &Model, progress: &dyn Progress) -> Result<HeldOut> {
        let begun = Instant::now();
        let mut held_out = HeldOut::default();
        let batches = batches_of(&self.valid, self.fit.batch);
        let offsets = self.preparation.window.offsets();
        let mut feed = Feed::start(self.pixels.clone(), self.cohort.clone(), batches, offsets);
        let mut pending: Vec<(Vec<usize>, Tensor<2>)> = Vec::new();
        for host in feed.by_ref() {
            self.context.checkpoint()?;
            let host = host?;
            let indices = host.indices.clone();
            let count = indices.len();
            let batch = host.upload(&self.cohort, &self.context.device());
            pending.push((indices, model.predict(&batch)));
            if pending.len() >= READ_EVERY {
                read(&self.cohort, &mut pending, &mut held_out)?;
            }
            progress.advance(count as u64);
        }
        read(&self.cohort, &mut pending, &mut held_out)?;
        held_out.waited = feed.waited();
        held_out.took = begun.elapsed();
        Ok(held_out)
    }
}

fn read(cohort: &Cohort, pending: &mut Vec<(Vec<usize>, Tensor<2>)>, held_out: &mut HeldOut) -> Result<()> {
    if pending.is_empty() {
        return Ok(());
    }
    let (indices, probabilities): (Vec<_>, Vec<_>) = std::mem::take(pending).into_iter().unzip();
    let values = Tensor::cat(probabilities, 0)
        .into_data()
        .convert::<f32>()
        .try_to_vec::<f32>()
        .map_err(|error| Error::new(format!("the network's output cannot be read: {error:?}")))?;
    for (index, row) in indices.into_iter().flatten().zip(values.chunks_exact(COUNT)) {
        if let Some(truth) = cohort.slices[index].labels {
            held_out.truth.push(truth);
            held_out
                .probabilities
                .push(std::array::from_fn(|label| f64::from(row[label])));
        }
    }
    Ok(())
}
