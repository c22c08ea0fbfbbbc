//! How stages hand networks on: as what builds them.

use std::sync::Arc;

use burn::tensor::Device;
use ichflow_nn::{Network, Normalisation};

use crate::error::Result;
use crate::ports::Artifact;

/// Builds networks of one architecture.
pub trait NetworkFactory: Send + Sync {
    /// A network with its starting weights (random, or loaded) for images of `channels` channels.
    /// Random weights come from the device's generator, which the caller seeds.
    ///
    /// # Errors
    /// Where starting weights cannot be read, or are of another architecture.
    fn build(&self, channels: usize, outputs: usize, device: &Device) -> Result<Network>;

    /// What the network's input is shifted and scaled by.
    fn normalisation(&self) -> Normalisation;

    /// A short description: "efficientnet-b0, random weights".
    fn describe(&self) -> String;

    /// Whether it starts from weights that were trained before.
    fn is_trained(&self) -> bool {
        false
    }
}

/// The artifact by which stages hand a [`NetworkFactory`] on.
#[derive(Clone)]
pub struct NetworkSpec(Arc<dyn NetworkFactory>);

impl Artifact for NetworkSpec {
    const NAME: &'static str = "network";
}

impl NetworkSpec {
    /// Wraps a factory.
    pub fn new(factory: impl NetworkFactory + 'static) -> Self {
        Self(Arc::new(factory))
    }

    /// See [`NetworkFactory::build`].
    ///
    /// # Errors
    /// See [`NetworkFactory::build`].
    pub fn build(&self, channels: usize, outputs: usize, device: &Device) -> Result<Network> {
        self.0.build(channels, outputs, device)
    }

    /// See [`NetworkFactory::normalisation`].
    pub fn normalisation(&self) -> Normalisation {
        self.0.normalisation()
    }

    /// See [`NetworkFactory::is_trained`].
    pub fn is_trained(&self) -> bool {
        self.0.is_trained()
    }

    /// See [`NetworkFactory::describe`].
    pub fn describe(&self) -> String {
        self.0.describe()
    }
}
