//! A trained model: everything between Hounsfield units and probabilities.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

use crate::network::{Network, Normalisation};
use crate::ports::Artifact;
use crate::resample;
use crate::window::{HuBatch, Window};

/// The side of the square images a network sees, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// Rows and columns.
    pub size: usize,
}

impl Artifact for Resize {
    const NAME: &'static str = "resize";
}

/// What happens to a batch before the network sees it; the same in training and in prediction.
#[derive(Clone)]
pub struct Preparation {
    /// From HU to channels.
    pub window: Window,
    /// Size of the network's images; `None` keeps the stored size.
    pub resize: Option<Resize>,
    /// The network's own shift and scale.
    pub normalisation: Normalisation,
}

impl Preparation {
    /// Windowed and resized images `[batch, channels, height, width]`, as people look at them.
    pub fn images(&self, batch: &HuBatch) -> Tensor<4> {
        let images = self.window.apply(batch);
        match self.resize {
            Some(Resize { size }) => resample::resize(images, size),
            None => images,
        }
    }
}

/// A trained model.
#[derive(Clone)]
pub struct Model {
    /// From HU to images.
    pub preparation: Preparation,
    /// From images to logits, without autodiff and not in training mode.
    pub network: Network,
    /// The architecture in words.
    pub description: String,
}

impl Artifact for Model {
    const NAME: &'static str = "model";
}

impl Model {
    /// Probabilities `[batch, labels]`.
    pub fn predict(&self, batch: &HuBatch) -> Tensor<2> {
        let images = self
            .preparation
            .normalisation
            .apply(self.preparation.images(batch));
        sigmoid(self.network.forward(images))
    }
}

/// One epoch of training.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Epoch {
    /// Counted from 1 over all phases.
    pub epoch: usize,
    /// Counted from 1.
    pub phase: usize,
    /// Learning rate.
    pub lr: f64,
    /// Mean training loss over the epoch's slices.
    pub train_loss: f64,
    /// Weighted log loss of the held-out slices, from all predictions at once.
    pub valid_loss: f64,
    /// AUC of `any` on the held-out slices; absent when they are of one class.
    pub valid_auc_any: Option<f64>,
    /// Whether this epoch's weights are the best so far.
    pub best: bool,
    /// Slices trained on per second.
    pub slices_per_second: f64,
    /// Share of the time training waited for data, 0 to 1.
    pub waiting: f64,
}

/// How training went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Every epoch.
    pub epochs: Vec<Epoch>,
}

impl Artifact for History {
    const NAME: &'static str = "history";
}
