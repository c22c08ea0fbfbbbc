//! Losses and gradient norms: kept on the device, read together now and then.
//!
//! Reading one makes the host wait for the device, so a step only leaves its numbers here.

use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use ichflow_api::error::{Error, Result};

/// Numbers are read after this many batches,
const READ_EVERY: usize = 20;
/// or this long after the last time, whichever is first: slow steps deserve news too.
const READ_AFTER: Duration = Duration::from_secs(5);

/// What one batch left on the device.
pub(super) struct Reading {
    /// The loss, `[1]`.
    pub loss: Tensor<1>,
    /// Norm of the step's gradients, `[1]`, for the last batch of a step.
    pub norm: Option<Tensor<1>>,
    /// The batch's number in its epoch, from 1.
    pub batch: usize,
    /// Learning rate of the step.
    pub lr: f64,
    /// Its units, slices or series.
    pub indices: Vec<usize>,
}

/// A loss that ends training.
#[derive(Clone, Debug)]
pub(super) struct Exploded {
    /// The loss.
    pub loss: f64,
    /// Number of the batch in its epoch, from 1.
    pub batch: usize,
    /// Learning rate of its step.
    pub lr: f64,
    /// Its units.
    pub indices: Vec<usize>,
    /// The last gradient norm before it.
    pub norm_before: Option<f64>,
    /// The norm of its own gradients.
    pub norm: Option<f64>,
}

/// What an epoch's batches come to so far.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Sums {
    /// Loss times slices.
    pub loss: f64,
    /// Slices.
    pub slices: usize,
    /// Largest norm of a step's gradients.
    pub largest_norm: Option<f64>,
    /// The last one.
    pub last_norm: Option<f64>,
}

impl Sums {
    /// Mean loss over the slices.
    pub(super) fn mean(&self) -> f64 {
        self.loss / self.slices.max(1) as f64
    }
}

/// Readings that wait, and what those before them came to.
pub(super) struct Readings {
    pending: Vec<Reading>,
    last_read: Instant,
    limit: f64,
    /// What was read so far.
    pub sums: Sums,
}

impl Readings {
    /// Carries on from `sums`. A loss above `limit` ends training.
    pub(super) fn new(sums: Sums, limit: f64) -> Self {
        Self {
            pending: Vec::new(),
            last_read: Instant::now(),
            limit,
            sums,
        }
    }

    /// Leaves a reading; true when it is time to read.
    pub(super) fn add(&mut self, reading: Reading) -> bool {
        self.pending.push(reading);
        self.pending.len() >= READ_EVERY || self.last_read.elapsed() >= READ_AFTER
    }

    /// Reads what is on the device, in one transfer. The first loss that is no number, or above the limit,
    /// is given back.
    pub(super) fn read(&mut self) -> Result<Option<Exploded>> {
        self.last_read = Instant::now();
        if self.pending.is_empty() {
            return Ok(None);
        }
        let pending = std::mem::take(&mut self.pending);
        let losses = pending.iter().map(|reading| reading.loss.clone());
        let norms = pending.iter().filter_map(|reading| reading.norm.clone());
        let values = Tensor::cat(losses.chain(norms).collect(), 0)
            .into_data()
            .convert::<f32>()
            .try_to_vec::<f32>()
            .map_err(|error| Error::new(format!("the loss cannot be read: {error:?}")))?;
        let (losses, norms) = values.split_at(pending.len().min(values.len()));
        let mut norms = norms.iter().map(|norm| f64::from(*norm));
        for (reading, loss) in pending.into_iter().zip(losses) {
            let loss = f64::from(*loss);
            let norm = reading.norm.as_ref().and_then(|_| norms.next());
            if loss.is_nan() || loss > self.limit {
                return Ok(Some(Exploded {
                    loss,
                    batch: reading.batch,
                    lr: reading.lr,
                    indices: reading.indices,
                    norm_before: self.sums.last_norm,
                    norm,
                }));
            }
            self.sums.loss += loss * reading.indices.len() as f64;
            self.sums.slices += reading.indices.len();
            if let Some(norm) = norm {
                self.sums.last_norm = Some(norm);
                self.sums.largest_norm = Some(self.sums.largest_norm.map_or(norm, |most| most.max(norm)));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn reading(loss: f32, norm: Option<f32>, batch: usize) -> Reading {
        let tensor = |value: f32| Tensor::from_floats([value], &Device::flex());
        Reading {
            loss: tensor(loss),
            norm: norm.map(tensor),
            batch,
            lr: 0.1,
            indices: vec![batch; 4],
        }
    }

    #[test]
    fn sums_are_those_of_all_batches() {
        let mut readings = Readings::new(Sums::default(), 1e3);
        readings.add(reading(1.0, None, 1));
        readings.add(reading(2.0, Some(5.0), 2));
        assert!(readings.read().unwrap().is_none());
        readings.add(reading(6.0, Some(4.0), 3));
        assert!(readings.read().unwrap().is_none());
        assert_eq!((readings.sums.mean(), readings.sums.slices), (3.0, 12));
        assert_eq!(readings.sums.largest_norm, Some(5.0));
        assert_eq!(readings.sums.last_norm, Some(4.0));
    }

    #[test]
    fn the_first_loss_that_is_no_number_is_named() {
        for bad in [f32::NAN, f32::INFINITY, 2e3] {
            let mut readings = Readings::new(Sums::default(), 1e3);
            readings.add(reading(1.0, Some(3.0), 1));
            readings.add(reading(bad, Some(f32::NAN), 2));
            readings.add(reading(f32::NAN, None, 3));
            let exploded = readings.read().unwrap().unwrap();
            assert_eq!((exploded.batch, exploded.norm_before), (2, Some(3.0)));
            assert_eq!(exploded.indices, [2; 4]);
        }
    }
}
