//! Networks: a backbone that makes feature maps, and the head that turns them into logits.
//!
//! burn's `Module` is not object-safe, so a registry cannot hold networks of different types as they
//! are. [`AnyBackbone`] erases the type once, behind every [`Backbone`], and is a `Module` itself:
//! optimizers, records and weight stores work on it unchanged, and the author of a backbone writes
//! `#[derive(Module)]` and one method.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::backbone::Backbone;
use crate::context::ForwardContext;
use crate::erased::AnyBackbone;
use crate::head::{Head, HeadPlan};
use crate::learned_window::LearnedWindow;

/// A whole network: images in, logits out.
#[derive(Module, Debug)]
pub struct Network {
    /// Windows that are learned with the rest, if its window scheme has such. Images come to
    /// [`Network::forward`] windowed already.
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

    /// The network with windows that are learned with it, if there are any.
    #[must_use]
    pub fn with_window(mut self, window: Option<LearnedWindow>) -> Self {
        self.window = window;
        self
    }

    /// From images `[batch, channels, height, width]` to logits `[batch, outputs]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_with(images, &ForwardContext::default())
    }

    /// [`Network::forward`], told how to compute.
    pub fn forward_with(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<2> {
        self.head
            .forward(self.backbone.features(images, context), context)
    }
}
