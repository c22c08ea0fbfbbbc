//! What an architecture brings, and the factory all of them share.

use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use ichflow_api::prelude::*;
use ichflow_api::weights::WeightsFile;

use crate::normalise::Normalise;

/// A network's architecture: the little that differs from one to the next.
pub trait Architecture: Send + Sync + 'static {
    /// The module it builds.
    type Backbone: Backbone;

    /// Its name for people: "efficientnet-b0".
    fn name(&self) -> String;

    /// A backbone with random weights for images of `channels` channels.
    fn backbone(&self, channels: usize, device: &Device) -> Self::Backbone;

    /// The path in the backbone of a tensor called `name` in a weights file; nothing for tensors
    /// that do not belong into it, such as a classifier.
    fn parameter(&self, name: &str) -> Option<String>;

    /// Which weights fit, for the help line of an error.
    fn fitting_weights(&self) -> &'static str;

    /// The shift and scale its published weights were trained with.
    fn weights_normalisation(&self) -> Normalisation;
}

/// Builds networks of one architecture, with random weights or from a file.
pub struct Factory<A> {
    /// What to build.
    pub architecture: A,
    /// Starting weights of the backbone; random without.
    pub weights: Option<PathBuf>,
    /// Share of the pooled features dropped while training.
    pub dropout: f64,
    /// What images are shifted and scaled by.
    pub normalisation: Normalisation,
}

impl<A: Architecture> Factory<A> {
    /// A factory whose input is shifted and scaled as `normalise` says, which may be as the weights want it.
    pub fn new(architecture: A, weights: Option<&PathBuf>, dropout: f64, normalise: Normalise) -> Self {
        let of_weights = weights.map(|_| architecture.weights_normalisation());
        Self {
            architecture,
            weights: weights.cloned(),
            dropout,
            normalisation: normalise.resolve(of_weights),
        }
    }
}

impl<A: Architecture> NetworkFactory for Factory<A> {
    fn build(&self, channels: usize, outputs: usize, device: &Device) -> Result<Network> {
        check_channels(self.weights.as_deref(), channels)?;
        let backbone = self.architecture.backbone(channels, device);
        // burn draws random weights when they are first looked at. Looking at them here, in the order
        // of the parameters, makes them depend on the device's seed alone.
        initialise(&backbone);
        let backbone = match &self.weights {
            Some(path) => load_backbone(&self.architecture, backbone, path)?,
            None => backbone,
        };
        let network = Network::new(backbone, outputs, self.dropout, device);
        initialise(&network.head);
        Ok(network)
    }

    fn normalisation(&self) -> Normalisation {
        self.normalisation.clone()
    }

    fn describe(&self) -> String {
        let name = self.architecture.name();
        match &self.weights {
            Some(path) => format!("{name}, weights of {}", path.display()),
            None => format!("{name}, random weights"),
        }
    }
}

/// Weights are for three channels; the ports say so before anything runs, this says it to callers.
fn check_channels(weights: Option<&Path>, channels: usize) -> Result<()> {
    match weights {
        Some(path) if channels != 3 => Err(Error::new(format!(
            "the weights {} are for images of 3 channels, but there are {channels}",
            path.display()
        ))
        .help("use a window with three channels, or leave `weights` out")),
        _ => Ok(()),
    }
}

/// Puts the weights of a file into a backbone; a classifier in the file is left out.
pub fn load_backbone<A: Architecture>(
    architecture: &A,
    backbone: A::Backbone,
    path: &Path,
) -> Result<A::Backbone> {
    WeightsFile::open(path)?
        .rename(|name| architecture.parameter(name))?
        .load_into(backbone)
        .map_err(|error| error.help(format!("use {}", architecture.fitting_weights())))
}

/// Draws all random weights now, in the order of the parameters.
fn initialise(module: &impl Module) {
    struct Look;
    impl ModuleVisitor for Look {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            param.val();
        }
    }
    module.visit(&mut Look);
}
