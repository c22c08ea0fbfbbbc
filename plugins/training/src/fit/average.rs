//! An exponential moving average of the weights (EMA).

use burn::module::{Module, ModuleMapper, Param};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::Tensor;

use super::tensors::{Tensors, tensors};

/// A network that follows the one in training: after every step `average ← d · average + (1 − d) · weights`.
///
/// Running statistics of normalisation are averaged like weights, as timm does: the average's own
/// statistics then belong to the average's own weights, near enough, and no pass over the data is needed for
/// them. `d` starts low and rises to `decay` as `min(decay, (1 + t) / (10 + t))` at step t, so that what the
/// first steps knew is forgotten soon.
pub struct Average<M> {
    decay: f64,
    steps: u32,
    network: M,
}

impl<M: Module> Average<M> {
    /// Begins at `network`, which is not in training.
    pub fn new(decay: f64, network: M) -> Self {
        Self {
            decay,
            steps: 0,
            network,
        }
    }

    /// Follows `network`, which is not in training and a copy of the same one.
    #[must_use]
    pub fn follow(mut self, network: &M) -> Self {
        self.steps += 1;
        let steps = f64::from(self.steps);
        let decay = self.decay.min((1.0 + steps) / (10.0 + steps));
        self.network = self.network.map(&mut Moved {
            current: tensors(network),
            decay,
        });
        self
    }

    /// The average.
    pub fn network(&self) -> &M {
        &self.network
    }

    /// The highest `d`.
    pub fn decay(&self) -> f64 {
        self.decay
    }

    /// Number of steps followed.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Carries on from a record of the average.
    ///
    /// # Errors
    /// Where the record is of another network.
    pub fn restore(mut self, steps: u32, record: ModuleRecord) -> Result<Self, RecordError> {
        self.steps = steps;
        self.network = self.network.try_load_record(record)?;
        Ok(self)
    }
}

struct Moved {
    current: Tensors,
    decay: f64,
}

impl ModuleMapper for Moved {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, old, mapper) = param.consume();
        let new = match self.current.remove::<D>(id) {
            Some(current) => old.mul_scalar(self.decay) + current.mul_scalar(1.0 - self.decay),
            None => old,
        };
        Param::from_mapped_value(id, new, mapper)
    }
}
