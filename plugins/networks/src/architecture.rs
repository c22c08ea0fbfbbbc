//! What an architecture brings, and the factory all of them share.

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::HeadPlan;
use ichflow_api::nn::weights::WeightsFile;
use ichflow_api::prelude::*;

use crate::adapt::adapt_inputs;
use crate::normalise::{Normalise, for_channels, imagenet};
use crate::source::Found;

/// A network's architecture: the little that differs from one to the next.
pub trait Architecture: Send + Sync + 'static {
    /// The module it builds.
    type Backbone: Backbone;

    /// Its name for people: "efficientnet-b0".
    fn name(&self) -> String;

    /// timm's name of it, by which its weights are known.
    fn timm_name(&self) -> String;

    /// A backbone with random weights for images of `channels` channels.
    fn backbone(&self, channels: usize, device: &Device) -> Self::Backbone;

    /// The name in timm's files of the first convolution's weights.
    fn first_convolution(&self) -> &'static str;

    /// timm's name of a tensor called `name` in a weights file, which may be torchvision's.
    fn rename(&self, name: &str) -> String {
        name.to_owned()
    }

    /// Which weights fit, for the help line of an error.
    fn fitting_weights(&self) -> String {
        format!("weights of timm's {}", self.timm_name())
    }

    /// The shift and scale that weights of this architecture are trained with, if they come without word of it.
    fn weights_normalisation(&self) -> Normalisation {
        imagenet()
    }
}

/// Builds networks of one architecture, with random weights or from a file.
pub struct Factory<A> {
    architecture: A,
    start: Option<Found>,
    head: HeadPlan,
    normalisation: Normalisation,
}

impl<A: Architecture> Factory<A> {
    /// A factory whose input, of `channels` channels, is shifted and scaled as `normalise` says, which may be as
    /// the weights want it.
    ///
    /// # Errors
    /// When the weights are said to be another architecture's.
    pub fn new(
        architecture: A,
        start: Option<Found>,
        head: HeadPlan,
        normalise: Normalise,
        channels: usize,
    ) -> Result<Self> {
        let config = start.as_ref().and_then(|found| found.config.as_ref());
        if let (Some(found), Some(theirs)) = (&start, config.and_then(|config| config.architecture.as_ref()))
            && *theirs != architecture.timm_name()
        {
            // Tensors may be of the same shapes where padding or epsilons differ.
            return Err(Error::new(format!(
                "the weights {} are of timm's {theirs}, and not of {}",
                found.description,
                architecture.timm_name()
            ))
            .help(format!("use {}", architecture.fitting_weights())));
        }
        let of_weights = start.is_some().then(|| {
            let said = config.and_then(|config| config.normalisation.clone());
            said.unwrap_or_else(|| architecture.weights_normalisation())
        });
        let normalisation = for_channels(normalise.resolve(of_weights), channels);
        Ok(Self {
            architecture,
            start,
            head,
            normalisation,
        })
    }

    /// The weights of a file with timm's names, for images of `channels` channels.
    fn read(&self, found: &Found, channels: usize) -> Result<WeightsFile> {
        let file = WeightsFile::open(&found.path)?;
        let mut file = file
            .unwrapped()
            .rename(|name| Some(self.architecture.rename(name)))?;
        let first = self.architecture.first_convolution();
        if file.get_mut(first).is_none()
            && let Some(around) = self.unknown_wrapper(&found.path)?
        {
            let inside = |name: &str| Some(self.architecture.rename(name.strip_prefix(&around)?));
            file = WeightsFile::open(&found.path)?.rename(inside)?;
        }
        if let Some(weight) = file.get_mut(first) {
            adapt_inputs(weight, channels);
        }
        Ok(file)
    }
}

impl<A: Architecture> Factory<A> {
    /// What a program of somebody's own has put around the network's names: what stands before the name of the first
    /// convolution, `base.` of `base.conv_stem.weight`, if that is there once.
    fn unknown_wrapper(&self, path: &Path) -> Result<Option<String>> {
        let first = self.architecture.first_convolution();
        let file = WeightsFile::open(path)?;
        let around = |name: &str| -> Option<String> {
            let dots = name.match_indices('.').map(|(at, _)| at + 1);
            let mut starts = dots.filter(|start| self.architecture.rename(&name[*start..]) == first);
            starts.next().map(|start| name[..start].to_owned())
        };
        let mut found = file.names().filter_map(around);
        Ok(found.next().filter(|_| found.next().is_none()))
    }
}

impl<A: Architecture> NetworkFactory for Factory<A> {
    fn build(&self, channels: usize, outputs: usize, device: &Device) -> Result<Network> {
        let backbone = self.architecture.backbone(channels, device);
        let network = Network::with_head(backbone, &self.head, outputs, device);
        // burn draws random weights when they are first looked at. Looking at them here, in the order
        // of the parameters, makes them depend on the device's seed alone.
        initialise(&network.backbone);
        initialise(&network.head);
        match &self.start {
            Some(found) => self.read(found, channels)?.start(network).map_err(|error| {
                Error::from(error).help(format!("use {}", self.architecture.fitting_weights()))
            }),
            None => Ok(network),
        }
    }

    fn normalisation(&self) -> Normalisation {
        self.normalisation.clone()
    }

    fn describe(&self) -> String {
        let name = self.architecture.name();
        match &self.start {
            Some(found) => format!("{name}, weights of {}", found.name),
            None => format!("{name}, random weights"),
        }
    }

    fn is_trained(&self) -> bool {
        self.start.is_some()
    }
}

/// Draws all random weights now, in the order of the parameters.
pub(crate) fn initialise(module: &impl Module) {
    struct Look;
    impl ModuleVisitor for Look {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            param.val();
        }
    }
    module.visit(&mut Look);
}
