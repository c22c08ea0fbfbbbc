//! Modules seen, changed and recorded through the box.

use burn::module::{Flag, Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};

use super::AnyBackbone;
use crate::backbone::Backbone;
use crate::context::ForwardContext;
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
    fn features(&self, images: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
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
fn an_optimizer_steps_through_it_and_frozen_parts_stay() {
    let device = Device::flex().autodiff();
    device.seed(1);
    let network = Network::new(Tiny::new(&device), 6, 0.0, &device);
    let network = network.freeze_group(ParamGroup::from_predicate("backbone.norm"));
    let before = network.clone();
    let images = Tensor::random([2, 1, 8, 8], burn::tensor::Distribution::Default, &device);
    let loss = network.forward(images).powi_scalar(2).mean();
    let grads = GradientsParams::from_grads(loss.backward(), &network);
    let mut optimizer: ModuleOptimizer = SgdConfig::new().init();
    let after = optimizer.step(0.1, network, grads);

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
