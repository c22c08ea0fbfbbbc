//! Random weights depend on the seed alone.
//!
//! A test program of its own: burn has one generator for all threads, and tests beside this one would
//! draw from it.

use burn::module::{Module, ModuleVisitor, Param};
use ichflow_api::prelude::*;
use ichflow_api::testkit;
use ichflow_networks::efficientnet::EfficientNetLite0;

#[derive(Default)]
struct Sums(Vec<f32>);

impl ModuleVisitor for Sums {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().sum().into_scalar());
    }
}

#[test]
fn the_seed_alone_decides_the_random_weights() {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "network", "efficientnet-lite0", "key");
    let mut outputs = EfficientNetLite0::default()
        .run(&Inputs::default(), &context)
        .unwrap();
    let spec = outputs.take(output::NETWORK).unwrap();
    let sums = |seed| {
        let device = Device::flex();
        device.seed(seed);
        let network = spec.build(3, 6, &device).unwrap();
        // Numbers drawn after the network was built must not reach into it.
        let _ = Tensor::<1>::random([5], burn::tensor::Distribution::Default, &device);
        let mut sums = Sums::default();
        network.visit(&mut sums);
        sums.0
    };
    let first = sums(1);
    assert_eq!(first, sums(1));
    assert_ne!(first, sums(2));
}
