//! How stages hand sequence networks on: as what builds them.

use std::sync::Arc;

use burn::tensor::Device;
use ichflow_nn::series::{AnySeriesNetwork, SeriesShape};

use crate::error::Result;
use crate::ports::Artifact;

/// Builds networks over the slices of series, of one architecture.
pub trait SeriesNetworkFactory: Send + Sync {
    /// A network with random weights, which come from the device's generator, which the caller seeds.
    ///
    /// # Errors
    /// Where no network of these sizes can be built.
    fn build(&self, shape: SeriesShape, device: &Device) -> Result<AnySeriesNetwork>;

    /// A short description: "series-gru, 2 layers of 96".
    fn describe(&self) -> String;

    /// Whether it looks at the image network's logits: those of slices that the image network was trained on say more
    /// than those of others ever will.
    fn reads_logits(&self) -> bool;

    /// Whether it gives logits of a series as a whole.
    fn tells_exams(&self) -> bool;
}

/// The artifact by which stages hand a [`SeriesNetworkFactory`] on.
#[derive(Clone)]
pub struct SeriesNetworkSpec(Arc<dyn SeriesNetworkFactory>);

impl Artifact for SeriesNetworkSpec {
    const NAME: &'static str = "series network";
}

impl SeriesNetworkSpec {
    /// Wraps a factory.
    pub fn new(factory: impl SeriesNetworkFactory + 'static) -> Self {
        Self(Arc::new(factory))
    }

    /// See [`SeriesNetworkFactory::build`].
    ///
    /// # Errors
    /// See [`SeriesNetworkFactory::build`].
    pub fn build(&self, shape: SeriesShape, device: &Device) -> Result<AnySeriesNetwork> {
        self.0.build(shape, device)
    }

    /// See [`SeriesNetworkFactory::describe`].
    pub fn describe(&self) -> String {
        self.0.describe()
    }

    /// See [`SeriesNetworkFactory::reads_logits`].
    pub fn reads_logits(&self) -> bool {
        self.0.reads_logits()
    }

    /// See [`SeriesNetworkFactory::tells_exams`].
    pub fn tells_exams(&self) -> bool {
        self.0.tells_exams()
    }
}
