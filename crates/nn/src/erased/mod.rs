//! A backbone whose type is forgotten: one `Module` for all of them.
//!
//! `Module::visit` and `Module::map` are generic, hence not object-safe. Behind the box stands an
//! object-safe twin of each: the concrete module walks itself with an adapter that hands every
//! parameter over as `dyn Any`, and the outside gives it back its type by trying the ranks a tensor
//! can have. Only references and moved values cross, so nothing is copied.

mod adapters;
#[cfg(test)]
mod tests;

use std::fmt;

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
};
use burn::tensor::{Device, Tensor};

use self::adapters::{AnyMapper, AnyVisitor, Erasing, Typed};

use crate::backbone::Backbone;
use crate::context::ForwardContext;

/// Any [`Backbone`], with its type erased.
pub struct AnyBackbone(Box<dyn ErasedBackbone>);

impl AnyBackbone {
    /// Forgets the type of `backbone`.
    pub fn new(backbone: impl Backbone) -> Self {
        Self(Box::new(backbone))
    }

    /// From images `[batch, channels, height, width]` to feature maps `[batch, features, h, w]`.
    pub fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        self.0.features(images, context)
    }

    /// Number of feature maps.
    pub fn feature_count(&self) -> usize {
        self.0.feature_count()
    }

    /// See [`Backbone::maps`].
    pub fn maps(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        self.0.maps(images, context)
    }

    /// See [`Backbone::features_of_maps`].
    pub fn features_of_maps(&self, maps: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        self.0.features_of_maps(maps, context)
    }

    /// See [`Backbone::classifier_name`].
    pub fn classifier_name(&self) -> &'static str {
        self.0.classifier_name()
    }
}

impl Clone for AnyBackbone {
    fn clone(&self) -> Self {
        Self(self.0.clone_box())
    }
}

impl fmt::Debug for AnyBackbone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_debug(f)
    }
}

impl ModuleDisplayDefault for AnyBackbone {
    fn content(&self, content: Content) -> Option<Content> {
        content.set_top_level_type(self.0.type_name()).optional()
    }

    fn num_params(&self) -> usize {
        Module::num_params(self)
    }
}

impl ModuleDisplay for AnyBackbone {}

impl Module for AnyBackbone {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.0.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        Self(self.0.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        Self(self.0.to_device(device))
    }

    fn train(self) -> Self {
        Self(self.0.train())
    }

    fn valid(&self) -> Self {
        Self(self.0.valid())
    }

    fn materialize(self) -> Self {
        Self(self.0.materialize())
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.0.visit(&mut Typed(visitor));
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        Self(self.0.map(&mut Typed(mapper)))
    }
}

/// The object-safe side of [`Backbone`].
trait ErasedBackbone: Send + Sync {
    fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4>;
    fn feature_count(&self) -> usize;
    fn maps(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4>;
    fn features_of_maps(&self, maps: Tensor<4>, context: &ForwardContext) -> Tensor<4>;
    fn classifier_name(&self) -> &'static str;
    fn type_name(&self) -> &'static str;
    fn clone_box(&self) -> Box<dyn ErasedBackbone>;
    fn fmt_debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn collect_devices(&self, devices: Devices) -> Devices;
    fn fork(self: Box<Self>, device: &Device) -> Box<dyn ErasedBackbone>;
    fn to_device(self: Box<Self>, device: &Device) -> Box<dyn ErasedBackbone>;
    fn train(self: Box<Self>) -> Box<dyn ErasedBackbone>;
    fn valid(&self) -> Box<dyn ErasedBackbone>;
    fn materialize(self: Box<Self>) -> Box<dyn ErasedBackbone>;
    fn visit(&self, visitor: &mut dyn AnyVisitor);
    fn map(self: Box<Self>, mapper: &mut dyn AnyMapper) -> Box<dyn ErasedBackbone>;
}

impl<B: Backbone> ErasedBackbone for B {
    fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        Backbone::features(self, images, context)
    }

    fn feature_count(&self) -> usize {
        Backbone::feature_count(self)
    }

    fn maps(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        Backbone::maps(self, images, context)
    }

    fn features_of_maps(&self, maps: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        Backbone::features_of_maps(self, maps, context)
    }

    fn classifier_name(&self) -> &'static str {
        Backbone::classifier_name(self)
    }

    fn type_name(&self) -> &'static str {
        let path = std::any::type_name::<B>();
        path.rsplit("::").next().unwrap_or(path)
    }

    fn clone_box(&self) -> Box<dyn ErasedBackbone> {
        Box::new(self.clone())
    }

    fn fmt_debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }

    fn collect_devices(&self, devices: Devices) -> Devices {
        Module::collect_devices(self, devices)
    }

    fn fork(self: Box<Self>, device: &Device) -> Box<dyn ErasedBackbone> {
        Box::new(Module::fork(*self, device))
    }

    fn to_device(self: Box<Self>, device: &Device) -> Box<dyn ErasedBackbone> {
        Box::new(Module::to_device(*self, device))
    }

    fn train(self: Box<Self>) -> Box<dyn ErasedBackbone> {
        Box::new(Module::train(*self))
    }

    fn valid(&self) -> Box<dyn ErasedBackbone> {
        Box::new(Module::valid(self))
    }

    fn materialize(self: Box<Self>) -> Box<dyn ErasedBackbone> {
        Box::new(Module::materialize(*self))
    }

    fn visit(&self, visitor: &mut dyn AnyVisitor) {
        Module::visit(self, &mut Erasing(visitor));
    }

    fn map(self: Box<Self>, mapper: &mut dyn AnyMapper) -> Box<dyn ErasedBackbone> {
        Box::new(Module::map(*self, &mut Erasing(mapper)))
    }
}
