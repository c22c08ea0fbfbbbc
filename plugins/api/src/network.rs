//! Networks: a backbone that makes feature maps, and the head that turns them into six logits.
//!
//! burn's `Module` is not object-safe, so a registry cannot hold networks of different types as they
//! are. [`AnyBackbone`] erases the type once, behind every [`Backbone`], and is a `Module` itself:
//! optimisers, records and weight stores work on it unchanged, and the author of a backbone writes
//! `#[derive(Module)]` and one method.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

pub use crate::erased::AnyBackbone;
use crate::error::Result;
pub use crate::head::{Head, HeadKind, HeadPlan, Pool};
use crate::learned_window::LearnedWindow;
use crate::ports::Artifact;
use crate::tensors::window::Window;

/// The convolutional part of a network.
pub trait Backbone: Module + Sync + 'static {
    /// From images `[batch, channels, height, width]` to feature maps `[batch, features, h, w]`.
    fn features(&self, images: Tensor<4>) -> Tensor<4>;

    /// Number of feature maps.
    fn feature_count(&self) -> usize;

    /// The last maps in which a place still stands for that place of the image: heat maps are drawn of these. A
    /// backbone whose features hold something of the image as a whole gives what they are made of, and
    /// [`Backbone::features_of_maps`] makes them of it.
    fn maps(&self, images: Tensor<4>) -> Tensor<4> {
        self.features(images)
    }

    /// Features of [`Backbone::maps`]. Looks at no statistics of the batch.
    fn features_of_maps(&self, maps: Tensor<4>) -> Tensor<4> {
        maps
    }

    /// What weight files call this architecture's classifier: `fc` of `fc.weight` and `fc.bias`.
    fn classifier_name(&self) -> &'static str {
        "classifier"
    }

    /// Epsilon of a layer normalisation between pooling and classifier (`head.norm` in weight files), if the
    /// architecture has one.
    fn pooled_norm(&self) -> Option<f64> {
        None
    }
}

/// A whole network: images in, logits out.
#[derive(Module, Debug)]
pub struct Network {
    /// Windows that are learned with the rest, if its window scheme has such. Images come to
    /// [`Network::forward`] windowed already: `Preparation` applies them.
    pub window: Option<LearnedWindow>,
    /// Makes feature maps.
    pub backbone: AnyBackbone,
    /// Makes logits of them.
    pub head: Head,
}

impl Network {
    /// A backbone under a fresh head: average pooling, dropout, one linear layer.
    pub fn new(backbone: impl Backbone, outputs: usize, dropout: f64, device: &Device) -> Self {
        Self::with_head(backbone, &HeadPlan::linear(dropout), outputs, device)
    }

    /// A backbone under a fresh head as `plan` says, with the normalisation that belongs to the backbone.
    pub fn with_head(backbone: impl Backbone, plan: &HeadPlan, outputs: usize, device: &Device) -> Self {
        let plan = HeadPlan {
            norm: backbone.pooled_norm(),
            ..*plan
        };
        let head = Head::of(&plan, backbone.feature_count(), outputs, device);
        Self {
            window: None,
            backbone: AnyBackbone::new(backbone),
            head,
        }
    }

    /// The network with a copy of the windows that `scheme` learns, if it learns any.
    #[must_use]
    pub fn with_window_of(mut self, scheme: &Window, device: &Device) -> Self {
        self.window = scheme.learned(device);
        self
    }

    /// From images `[batch, channels, height, width]` to logits `[batch, outputs]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head.forward(self.backbone.features(images))
    }
}

/// What a network expects its input to be shifted and scaled by; carried with pretrained weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// Subtracted, one value a channel (or one for all).
    pub mean: Vec<f32>,
    /// Divided by, one value a channel (or one for all).
    pub std: Vec<f32>,
}

impl Normalisation {
    /// Leaves images as they are.
    pub fn none() -> Self {
        Self {
            mean: vec![0.0],
            std: vec![1.0],
        }
    }

    /// `(images − mean) / std` over `[batch, channels, height, width]`.
    pub fn apply(&self, images: Tensor<4>) -> Tensor<4> {
        if *self == Self::none() {
            return images;
        }
        let device = images.device();
        let values = |values: &[f32]| {
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, values.len(), 1, 1]), &device)
        };
        (images - values(&self.mean)) / values(&self.std)
    }
}

/// Builds networks of one architecture.
pub trait NetworkFactory: Send + Sync {
    /// A network with its starting weights (random, or loaded) for images of `channels` channels.
    /// Random weights come from the device's generator, which the caller seeds.
    fn build(&self, channels: usize, outputs: usize, device: &Device) -> Result<Network>;

    /// What the network's input is shifted and scaled by.
    fn normalisation(&self) -> Normalisation;

    /// A short description: "efficientnet-b0, random weights".
    fn describe(&self) -> String;
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
    pub fn build(&self, channels: usize, outputs: usize, device: &Device) -> Result<Network> {
        self.0.build(channels, outputs, device)
    }

    /// See [`NetworkFactory::normalisation`].
    pub fn normalisation(&self) -> Normalisation {
        self.0.normalisation()
    }

    /// See [`NetworkFactory::describe`].
    pub fn describe(&self) -> String {
        self.0.describe()
    }
}
