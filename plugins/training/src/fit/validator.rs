//! The validation slices after an epoch.

use std::time::{Duration, Instant};

use ichflow_api::context::Progress;
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::batches_of;

use super::data::Data;

/// Predictions stay on the device for so many batches: reading one makes the host wait.
const READ_EVERY: usize = 20;

/// Predicts the validation slices.
pub(super) struct Validator<'a> {
    /// Whose validation slices.
    pub data: &'a Data,
    /// Where the network is; without autodiff.
    pub device: Device,
    /// Slices in a batch.
    pub batch: usize,
}

/// Predictions of the validation slices whose truth is known, or of series.
#[derive(Default)]
pub(crate) struct Validation {
    /// What is true.
    pub truth: Vec<Labels>,
    /// What was predicted.
    pub probabilities: Vec<Vec<f64>>,
    /// How long it took.
    pub took: Duration,
    /// Of this, waited for data.
    pub waited: Duration,
}

impl Validator<'_> {
    /// Predicts all validation slices.
    ///
    /// # Errors
    /// Where pixels or predictions cannot be read, or the run is interrupted.
    pub(super) fn validate(
        &self,
        model: &Model,
        context: &Context,
        progress: &dyn Progress,
    ) -> Result<Validation> {
        let begun = Instant::now();
        let mut validation = Validation::default();
        let mut feed = self.data.feed(batches_of(&self.data.validation, self.batch));
        let mut pending: Vec<(Vec<usize>, Tensor<2>)> = Vec::new();
        for host in feed.by_ref() {
            context.checkpoint()?;
            let host = host?;
            let indices = host.indices.clone();
            host.exclude_unread(&self.data.cohort, context);
            let count = indices.len() + host.unread.len();
            if !host.is_empty() {
                let batch = host.upload(&self.data.cohort, &self.device);
                pending.push((indices, model.predict(&batch)));
            }
            if pending.len() >= READ_EVERY {
                validation.read(&self.data.cohort, &mut pending)?;
            }
            progress.advance(count as u64);
        }
        validation.read(&self.data.cohort, &mut pending)?;
        validation.waited = feed.waited();
        validation.took = begun.elapsed();
        Ok(validation)
    }
}

impl Validation {
    /// Reads predictions from the device, in one transfer.
    fn read(&mut self, cohort: &Cohort, pending: &mut Vec<(Vec<usize>, Tensor<2>)>) -> Result<()> {
        if pending.is_empty() {
            return Ok(());
        }
        let (indices, probabilities): (Vec<_>, Vec<_>) = std::mem::take(pending).into_iter().unzip();
        let values = Tensor::cat(probabilities, 0)
            .into_data()
            .convert::<f32>()
            .try_to_vec::<f32>()
            .map_err(|error| Error::new(format!("the network's output cannot be read: {error:?}")))?;
        let rows = values.chunks_exact(cohort.labels.len());
        for (index, row) in indices.into_iter().flatten().zip(rows) {
            if let Some(truth) = &cohort.slices[index].labels {
                self.truth.push(truth.clone());
                self.probabilities
                    .push(row.iter().map(|value| f64::from(*value)).collect());
            }
        }
        Ok(())
    }
}
