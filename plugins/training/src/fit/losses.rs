//! Training losses: kept on the device, read now and then.

use burn::tensor::Tensor;
use ichflow_api::error::{Error, Result};

/// Training losses: on the device until they are read.
#[derive(Default)]
pub struct Losses {
    pending: Vec<(Tensor<1>, usize)>,
    sum: f64,
    pub slices: usize,
}

impl Losses {
    pub fn add(&mut self, loss: Tensor<1>, slices: usize) {
        self.pending.push((loss, slices));
    }

    /// Reads what is on the device; a loss that is no number ends training.
    pub fn read(&mut self, label: &str, step: usize) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let (losses, counts): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending).into_iter().unzip();
        let values = Tensor::cat(losses, 0)
            .into_data()
            .convert::<f32>()
            .try_to_vec::<f32>()
            .map_err(|error| Error::new(format!("the loss cannot be read: {error:?}")))?;
        for (value, count) in values.iter().zip(counts) {
            self.sum += f64::from(*value) * count as f64;
            self.slices += count;
        }
        if !self.sum.is_finite() {
            return Err(Error::new(format!(
                "the training loss is no longer a number ({label}, at or before step {step})"
            ))
            .help("lower the learning rate of this phase, or look for slices with odd values"));
        }
        Ok(())
    }

    pub fn mean(&self) -> f64 {
        self.sum / self.slices.max(1) as f64
    }
}
