//! What a layer inside of a network makes of images, as one row of features an image.

use std::sync::{Arc, Mutex, PoisonError};

use burn::module::ParamId;
use burn::tensor::Tensor;

use crate::context::{Call, ForwardContext, Observer, Values};
use crate::network::Network;
use crate::parameters;

/// A layer whose output stands for an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmbeddedLayer {
    /// The pooled features that the head makes logits of.
    #[default]
    Pooled,
    /// A convolution or linear layer, by its weight; maps are averaged over their places.
    Of(ParamId),
}

impl EmbeddedLayer {
    /// What recipes call the pooled features.
    pub const POOLED: &'static str = "pooled";

    /// The layer at `path` in a network, such as `backbone.blocks.5.0.conv_pwl`.
    ///
    /// # Errors
    /// The paths of the layers there are, where there is none of that path.
    pub fn find(path: &str, network: &Network) -> Result<Self, Vec<String>> {
        if path == Self::POOLED {
            return Ok(Self::Pooled);
        }
        let layers = parameters::walk(network);
        let weight = |layer: &parameters::Layer| {
            let weight = layer.parameters.iter().find(|one| one.name == "weight")?;
            // Scales of normalisations have one dimension, and are not told of while they compute.
            (weight.rank() > 1).then_some(weight.id)
        };
        let mut found = layers.iter().filter(|layer| layer.path == path);
        match found.find_map(weight) {
            Some(id) => Ok(Self::Of(id)),
            None => Err(layers
                .iter()
                .filter(|layer| weight(layer).is_some())
                .map(|layer| layer.path.clone())
                .collect()),
        }
    }

    /// Features `[batch, features]` of images `[batch, channels, height, width]`, and the network's logits
    /// `[batch, outputs]`. Nothing where the layer computes past [`crate::layers`], and so tells nobody what it gives.
    pub fn embed(self, network: &Network, images: Tensor<4>) -> Option<[Tensor<2>; 2]> {
        let context = ForwardContext::default();
        match self {
            Self::Pooled => {
                let pooled = network
                    .head
                    .pooled(network.backbone.features(images, &context), &context);
                Some([pooled.clone(), network.head.logits(pooled, &context)])
            }
            Self::Of(weight) => {
                let watch = Arc::new(Watch {
                    weight,
                    found: Mutex::default(),
                });
                let logits = network.forward_with(images, &context.observed_by(watch.clone()));
                let mut found = watch.found.lock().unwrap_or_else(PoisonError::into_inner);
                found.take().map(|found| [found, logits])
            }
        }
    }
}

/// Takes what one layer gives.
struct Watch {
    weight: ParamId,
    found: Mutex<Option<Tensor<2>>>,
}

impl Observer for Watch {
    fn called(&self, call: Call<'_>) {
        if call.weight != self.weight {
            return;
        }
        let features = match call.values {
            Values::Features(rows) => rows.clone(),
            Values::Maps(maps) => maps.clone().mean_dim(3).mean_dim(2).flatten::<2>(1, 3),
        };
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(features);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backbone, layers::convolve};
    use burn::module::Module;
    use burn::nn::conv::{Conv2d, Conv2dConfig};
    use burn::tensor::{Device, Distribution};

    #[derive(Module, Debug)]
    struct Tiny {
        first: Conv2d,
        second: Conv2d,
    }

    impl Backbone for Tiny {
        fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
            convolve(&self.second, convolve(&self.first, images, context), context)
        }

        fn feature_count(&self) -> usize {
            3
        }
    }

    #[test]
    fn the_pooled_features_and_any_layer_can_be_taken() {
        let device = Device::flex();
        device.seed(1);
        let tiny = Tiny {
            first: Conv2dConfig::new([1, 5], [3, 3]).init(&device),
            second: Conv2dConfig::new([5, 3], [1, 1]).init(&device),
        };
        let network = Network::new(tiny, 6, 0.0, &device);
        let images = Tensor::<4>::random([2, 1, 6, 6], Distribution::Normal(0.0, 1.0), &device);
        let whole = network.forward(images.clone()).into_data();
        let take = |path: &str| {
            EmbeddedLayer::find(path, &network)
                .unwrap()
                .embed(&network, images.clone())
                .unwrap()
        };
        let [pooled, logits] = take("pooled");
        assert_eq!((pooled.dims(), logits.into_data()), ([2, 3], whole.clone()));
        let [first, logits] = take("backbone.first");
        assert_eq!((first.dims(), logits.into_data()), ([2, 5], whole));
        // The last convolution, averaged over places, is what the head pools.
        let [second, _] = take("backbone.second");
        let difference: f32 = (second - pooled).abs().max().into_scalar();
        assert!(difference < 1e-6, "{difference}");
        let known = EmbeddedLayer::find("backbone.third", &network).unwrap_err();
        assert_eq!(known, ["backbone.first", "backbone.second", "head.classifier"]);
    }
}
