//! A backbone whose type is forgotten: one `Module` for all of them.
//!
//! `Module::visit` and `Module::map` are generic, hence not object-safe. Behind the box stands an
//! object-safe twin of each: the concrete module walks itself with an adapter that hands every
//! parameter over as `dyn Any`, and the outside gives it back its type by trying the ranks a tensor
//! can have. Only references and moved values cross, so nothing is copied.

use std::any::Any;
use std::fmt;

use burn::module::{
    Content, Devices, Flag, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor, Param,
};
use burn::tensor::{Bool, Device, Int, Tensor};

use crate::backbone::Backbone;

/// Any [`Backbone`], with its type erased.
pub struct AnyBackbone(Box<dyn ErasedBackbone>);

impl AnyBackbone {
    /// Forgets the type of `backbone`.
    pub fn new(backbone: impl Backbone) -> Self {
        Self(Box::new(backbone))
    }

    /// From images `[batch, channels, height, width]` to feature maps `[batch, features, h, w]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<4> {
        self.0.features(images)
    }

    /// Number of feature maps.
    pub fn feature_count(&self) -> usize {
        self.0.feature_count()
    }

    /// See [`Backbone::maps`].
    pub fn maps(&self, images: Tensor<4>) -> Tensor<4> {
        self.0.maps(images)
    }

    /// See [`Backbone::features_of_maps`].
    pub fn features_of_maps(&self, maps: Tensor<4>) -> Tensor<4> {
        self.0.features_of_maps(maps)
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
    fn features(&self, images: Tensor<4>) -> Tensor<4>;
    fn feature_count(&self) -> usize;
    fn maps(&self, images: Tensor<4>) -> Tensor<4>;
    fn features_of_maps(&self, maps: Tensor<4>) -> Tensor<4>;
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
    fn features(&self, images: Tensor<4>) -> Tensor<4> {
        Backbone::features(self, images)
    }

    fn feature_count(&self) -> usize {
        Backbone::feature_count(self)
    }

    fn maps(&self, images: Tensor<4>) -> Tensor<4> {
        Backbone::maps(self, images)
    }

    fn features_of_maps(&self, maps: Tensor<4>) -> Tensor<4> {
        Backbone::features_of_maps(self, maps)
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

/// A visitor that takes parameters without their types.
trait AnyVisitor {
    fn enter(&mut self, name: &str, container: &str);
    fn exit(&mut self, name: &str, container: &str);
    fn parameter(&mut self, parameter: &dyn Any);
}

/// A mapper that takes and returns parameters without their types.
trait AnyMapper {
    fn enter(&mut self, name: &str, container: &str);
    fn exit(&mut self, name: &str, container: &str);
    /// Replaces the `Option<Param<…>>` behind the reference.
    fn parameter(&mut self, parameter: &mut dyn Any);
}

/// Inside the box: typed calls become untyped ones.
struct Erasing<T>(T);

impl ModuleVisitor for Erasing<&mut dyn AnyVisitor> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.parameter(param);
    }
    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.0.parameter(param);
    }
    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.0.parameter(param);
    }
    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.0.parameter(flag);
    }
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }
    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}

impl Erasing<&mut dyn AnyMapper> {
    fn pass<P: Any>(&mut self, param: P) -> P {
        let mut slot = Some(param);
        self.0.parameter(&mut slot);
        #[expect(
            clippy::expect_used,
            reason = "a parameter cannot be made up, and a mapper has no way to fail"
        )]
        slot.expect("Typed::replace puts back what it takes")
    }
}

impl ModuleMapper for Erasing<&mut dyn AnyMapper> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.pass(param)
    }
    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        self.pass(param)
    }
    fn map_bool<const D: usize>(&mut self, param: Param<Tensor<D, Bool>>) -> Param<Tensor<D, Bool>> {
        self.pass(param)
    }
    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        self.pass(flag)
    }
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }
    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}

/// Outside the box: untyped calls become typed ones again.
struct Typed<'a, T>(&'a mut T);

/// Runs `$body` with `$rank` set to each rank a parameter can have.
macro_rules! for_each_rank {
    ($body:ident) => {
        $body!(1, 2, 3, 4, 5, 6)
    };
}

impl<V: ModuleVisitor> AnyVisitor for Typed<'_, V> {
    fn enter(&mut self, name: &str, container: &str) {
        self.0.enter_module(name, container);
    }

    fn exit(&mut self, name: &str, container: &str) {
        self.0.exit_module(name, container);
    }

    fn parameter(&mut self, parameter: &dyn Any) {
        if let Some(flag) = parameter.downcast_ref::<Param<Flag>>() {
            return self.0.visit_flag(flag);
        }
        macro_rules! try_ranks {
            ($($rank:literal),*) => { $(
                if let Some(param) = parameter.downcast_ref::<Param<Tensor<$rank>>>() {
                    return self.0.visit_float(param);
                }
                if let Some(param) = parameter.downcast_ref::<Param<Tensor<$rank, Int>>>() {
                    return self.0.visit_int(param);
                }
                if let Some(param) = parameter.downcast_ref::<Param<Tensor<$rank, Bool>>>() {
                    return self.0.visit_bool(param);
                }
            )* };
        }
        for_each_rank!(try_ranks);
        unreachable!("a parameter is a flag or a tensor of rank 1 to 6");
    }
}

impl<M: ModuleMapper> Typed<'_, M> {
    /// Passes the parameter through `map` if it is of type `P`.
    fn replace<P: Any>(&mut self, parameter: &mut dyn Any, map: impl FnOnce(&mut M, P) -> P) -> bool {
        let Some(slot) = parameter.downcast_mut::<Option<P>>() else {
            return false;
        };
        *slot = slot.take().map(|param| map(self.0, param));
        true
    }
}

impl<M: ModuleMapper> AnyMapper for Typed<'_, M> {
    fn enter(&mut self, name: &str, container: &str) {
        self.0.enter_module(name, container);
    }

    fn exit(&mut self, name: &str, container: &str) {
        self.0.exit_module(name, container);
    }

    fn parameter(&mut self, parameter: &mut dyn Any) {
        if self.replace::<Param<Flag>>(parameter, M::map_flag) {
            return;
        }
        macro_rules! try_ranks {
            ($($rank:literal),*) => { $(
                if self.replace::<Param<Tensor<$rank>>>(parameter, M::map_float)
                    || self.replace::<Param<Tensor<$rank, Int>>>(parameter, M::map_int)
                    || self.replace::<Param<Tensor<$rank, Bool>>>(parameter, M::map_bool)
                {
                    return;
                }
            )* };
        }
        for_each_rank!(try_ranks);
        unreachable!("a parameter is a flag or a tensor of rank 1 to 6");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;
    use burn::module::ParamGroup;
    use burn::nn::conv::{Conv2d, Conv2dConfig};
    use burn::nn::{BatchNorm, BatchNormConfig};
    use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};

    #[derive(Module, Debug)]
    struct Tiny {
        conv: Conv2d,
        norm: BatchNorm,
    }

    impl Tiny {
        fn new(device: &Device) -> Self {
            Self {
                conv: Conv2dConfig::new([1, 2], [3, 3]).init(device),
                norm: BatchNormConfig::new(2).init(device),
            }
        }
    }

    impl Backbone for Tiny {
        fn features(&self, images: Tensor<4>) -> Tensor<4> {
            self.norm.forward(self.conv.forward(images))
        }
        fn feature_count(&self) -> usize {
            2
        }
    }

    #[derive(Default)]
    struct Paths(Vec<String>, Vec<String>);

    impl ModuleVisitor for Paths {
        fn visit_float<const D: usize>(&mut self, _: &Param<Tensor<D>>) {
            self.1.push(self.0.join("."));
        }
        fn visit_flag(&mut self, _: &Param<Flag>) {
            self.1.push(format!("{} (flag)", self.0.join(".")));
        }
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.pop();
        }
    }

    #[test]
    fn every_parameter_is_seen_under_its_path() {
        let device = Device::flex();
        let (mut typed, mut erased) = (Paths::default(), Paths::default());
        let tiny = Tiny::new(&device);
        Module::visit(&tiny, &mut typed);
        Module::visit(&AnyBackbone::new(tiny), &mut erased);
        assert_eq!(typed.1, erased.1);
        assert!(erased.1.contains(&"conv.weight".to_owned()), "{:?}", erased.1);
        assert!(
            erased.1.contains(&"norm.running_mean".to_owned()),
            "{:?}",
            erased.1
        );
    }

    #[test]
    fn an_optimiser_steps_through_it_and_frozen_parts_stay() {
        let device = Device::flex().autodiff();
        device.seed(1);
        let network = Network::new(Tiny::new(&device), 6, 0.0, &device);
        let network = network.freeze_group(ParamGroup::from_predicate("backbone.norm"));
        let before = network.clone();
        let images = Tensor::random([2, 1, 8, 8], burn::tensor::Distribution::Default, &device);
        let loss = network.forward(images).powi_scalar(2).mean();
        let grads = GradientsParams::from_grads(loss.backward(), &network);
        let mut optimiser: ModuleOptimizer = SgdConfig::new().init();
        let after = optimiser.step(0.1, network, grads);

        let values = |network: &Network| {
            struct Values(Vec<f32>);
            impl ModuleVisitor for Values {
                fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                    self.0.push(param.val().sum().into_scalar());
                }
            }
            let mut values = Values(Vec::new());
            network.visit(&mut values);
            values.0
        };
        let (before, after) = (values(&before), values(&after));
        assert_ne!(before[0], after[0], "conv.weight moved");
        let mut paths = Paths::default();
        Module::visit(&AnyBackbone::new(Tiny::new(&device)), &mut paths);
        let floats: Vec<_> = paths.1.iter().filter(|path| !path.ends_with("(flag)")).collect();
        for (index, path) in floats
            .iter()
            .enumerate()
            .filter(|(_, path)| path.starts_with("norm."))
        {
            assert_eq!(before[index], after[index], "{path} is frozen");
        }
    }

    #[test]
    fn records_pass_through() {
        let device = Device::flex();
        let one = Network::new(Tiny::new(&device), 6, 0.0, &device);
        let other = Network::new(Tiny::new(&device), 6, 0.0, &device);
        let images = Tensor::<4>::ones([1, 1, 8, 8], &device);
        let expected = one.valid().forward(images.clone()).into_data();
        let other = other.try_load_record(one.into_record()).unwrap();
        assert_eq!(other.valid().forward(images).into_data(), expected);
    }
}
