//! What the loop trains: a network, and the units that it learns from.

use std::sync::Arc;
use std::time::Duration;

use burn::module::{Module, ParamId};
use burn::optim::GradientsParams;
use ichflow_api::context::Progress;
use ichflow_api::nn::CenterWidth;
use ichflow_api::prelude::*;

use super::optimizer::{Adam, Lr, Optimizer, Rule};
use super::validator::Validation;

/// A network that the loop can train.
pub trait Trained: Module {
    /// Where learned windows stand; none if it learns none.
    ///
    /// # Errors
    /// Where they cannot be read from the device.
    fn windows(&self) -> Result<Vec<CenterWidth>> {
        Ok(Vec::new())
    }

    /// Rules of parameters that are not trained as the others are.
    fn own_rules(&self, _optimizer: &Arc<dyn Optimizer>) -> Vec<(ParamId, Rule)> {
        Vec::new()
    }
}

impl Trained for Network {
    fn windows(&self) -> Result<Vec<CenterWidth>> {
        match &self.window {
            Some(window) => Ok(window.windows()?),
            None => Ok(Vec::new()),
        }
    }

    /// Those of learned windows: their rate is a number of HU only where steps do not grow with gradients, and a width
    /// that decays would say nothing about the images.
    fn own_rules(&self, optimizer: &Arc<dyn Optimizer>) -> Vec<(ParamId, Rule)> {
        let Some(window) = &self.window else {
            return Vec::new();
        };
        let rule = Rule {
            optimizer: if optimizer.is_scale_free() {
                Arc::clone(optimizer)
            } else {
                Arc::new(Adam::default())
            },
            lr: Lr::Own {
                lr: window.lr,
                held: window.freeze_epochs,
            },
            decay: 0.0,
        };
        [window.center.id, window.width.id]
            .map(|id| (id, rule.clone()))
            .to_vec()
    }
}

/// Batches that are read ahead, in the order asked for.
pub(crate) trait Batches<B>: Iterator<Item = Result<B>> {
    /// Time spent waiting for them so far.
    fn waited(&self) -> Duration;
}

/// What is trained, and on what. The loop knows batches of numbered units: slices, or series.
pub(crate) trait Task {
    /// What is trained.
    type Network: Trained;
    /// Some units in host memory.
    type Batch;
    /// What a unit is called, and several.
    const UNITS: [&'static str; 2];

    /// The labels that there are.
    fn labels(&self) -> &LabelSet;

    /// The units of training with their labels.
    ///
    /// # Errors
    /// Where one has none.
    fn labelled(&self) -> Result<Vec<(usize, Labels)>>;

    /// Number of units that are predicted after an epoch.
    fn validates(&self) -> usize;

    /// Whether there are such units, and none of them has labels.
    fn validates_nothing(&self) -> bool;

    /// The batches of an epoch as they are computed, made of those that were drawn.
    fn arranged(&self, drawn: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
        drawn
    }

    /// Batches of units, read ahead; the first is number `first` of all epochs.
    fn feed(&self, batches: Vec<Vec<usize>>, first: u64) -> Box<dyn Batches<Self::Batch> + '_>;

    /// The units that are in a batch; those that cannot be read are excluded from the run.
    fn units(&self, batch: &Self::Batch, context: &Context) -> Vec<usize>;

    /// The loss of a batch, off the tape, and the gradients of `share` times it. `number` counts the batches of all
    /// epochs: it numbers the random generators, so that a batch is the same whatever came before it in this process.
    ///
    /// # Errors
    /// Where there is nothing in the batch, or it cannot be computed.
    fn gradients(
        &self,
        network: &Self::Network,
        batch: Self::Batch,
        number: u64,
        share: f64,
    ) -> Result<(Tensor<1>, GradientsParams)>;

    /// Predicts the validation units. The network is not in training.
    ///
    /// # Errors
    /// Where something cannot be read, or the run is interrupted.
    fn validate(
        &self,
        network: &Self::Network,
        context: &Context,
        progress: &dyn Progress,
    ) -> Result<Validation>;

    /// What units are called in messages.
    fn names(&self, units: &[usize]) -> Vec<String>;

    /// Where it computes.
    fn devices(&self) -> &[Device];

    /// Tries the gradients of a batch of `size` units on a network like the one in training.
    ///
    /// # Errors
    /// Where it cannot be computed.
    fn attempt(&self, size: usize) -> Result<()>;
}
