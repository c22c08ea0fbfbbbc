//! Any backbone.

use burn::tensor::Tensor;

use super::erased_module;
use crate::backbone::Backbone;
use crate::context::ForwardContext;

erased_module! {
    /// Any [`Backbone`], with its type erased.
    AnyBackbone(ErasedBackbone: Backbone) {
        /// From images `[batch, channels, height, width]` to feature maps `[batch, features, h, w]`.
        fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4>;
        /// Number of feature maps.
        fn feature_count(&self) -> usize;
        /// See [`Backbone::maps`].
        fn maps(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4>;
        /// See [`Backbone::features_of_maps`].
        fn features_of_maps(&self, maps: Tensor<4>, context: &ForwardContext) -> Tensor<4>;
        /// See [`Backbone::classifier_name`].
        fn classifier_name(&self) -> &'static str;
    }
}
