//! The convolutional part of a network.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::context::ForwardContext;

/// The convolutional part of a network.
pub trait Backbone: Module + Sync + 'static {
    /// From images `[batch, channels, height, width]` to feature maps `[batch, features, h, w]`.
    fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4>;

    /// Number of feature maps.
    fn feature_count(&self) -> usize;

    /// The last maps in which a place still stands for that place of the image: heat maps are drawn of these. A
    /// backbone whose features hold something of the image as a whole gives what they are made of, and
    /// [`Backbone::features_of_maps`] makes them of it.
    fn maps(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        self.features(images, context)
    }

    /// Features of [`Backbone::maps`]. Looks at no statistics of the batch.
    fn features_of_maps(&self, maps: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
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
