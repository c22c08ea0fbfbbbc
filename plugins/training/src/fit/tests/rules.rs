//! Which parameters learn, and how, on a small network.

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::optim::GradientsParams;
use burn::tensor::Distribution;
use ichflow_api::nn::AnyBackbone;
use ichflow_api::prelude::*;

use crate::fit::Fit;
use crate::fit::optimizer::{Lr, Rate, Stepper, rules};
use crate::fit::trainable::Trainable;

#[derive(Module, Debug)]
struct Tiny {
    conv: Conv2d,
    norm: BatchNorm,
}

impl Backbone for Tiny {
    fn features(&self, images: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
        self.norm.forward(self.conv.forward(images))
    }
    fn feature_count(&self) -> usize {
        2
    }
}

fn network() -> Network {
    let device = Device::flex().autodiff();
    let tiny = Tiny {
        conv: Conv2dConfig::new([1, 2], [3, 3]).init(&device),
        norm: BatchNormConfig::new(2).init(&device),
    };
    Network::new(tiny, 6, 0.0, &device)
}

fn fit(more: &str) -> Fit {
    let text = format!(r#"{{"phases": [{{"epochs": 1, "lr": 0.1}}]{more}}}"#);
    serde_json::from_str(&text).unwrap()
}

/// All tensors by path, running statistics as they are now.
fn values(network: &Network) -> Vec<(String, Vec<f32>)> {
    struct Values(Vec<String>, Vec<(String, Vec<f32>)>);

    impl ModuleVisitor for Values {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let values = param.val().into_data().try_to_vec().unwrap();
            self.1.push((self.0.join("."), values));
        }
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.pop();
        }
    }

    let mut values = Values(Vec::new(), Vec::new());
    network.valid().visit(&mut values);
    values.1
}

fn stepper(fit: &Fit, network: &Network) -> Result<Stepper> {
    rules(&fit.optimizer.shared(), &fit.lr_multipliers, network).map(Stepper::new)
}

/// The paths of what one step changes.
fn changed(network: Network, fit: &Fit) -> Vec<String> {
    let before = values(&network);
    let device = Device::flex().autodiff();
    let images = Tensor::random([4, 1, 8, 8], Distribution::Default, &device);
    let loss = network.forward(images).powi_scalar(2).mean();
    let gradients = GradientsParams::from_grads(loss.backward(), &network);
    let mut stepper = stepper(fit, &network).unwrap();
    let rate = Rate {
        lr: 0.1,
        highest: 0.1,
        epoch: 1,
    };
    let after = values(&stepper.step(network, gradients, rate));
    let pairs = before.into_iter().zip(after);
    pairs
        .filter(|(before, after)| before.1 != after.1)
        .map(|(before, _)| before.0)
        .collect()
}

#[test]
fn what_is_frozen_stays_and_what_learns_moves() {
    let network = network();
    let of = |trainable: &str, frozen_norm: bool| {
        let trainable = Trainable::parse(trainable).unwrap();
        changed(
            trainable.apply(network.clone(), frozen_norm).unwrap(),
            &fit(r#", "optimizer": {"kind": "sgd"}"#),
        )
    };
    let head = ["head.classifier.weight", "head.classifier.bias"];
    assert_eq!(of("head", false), head);
    // Frozen normalisation keeps its statistics as well.
    let with_conv = of("all", true);
    assert!(
        with_conv.contains(&"backbone.conv.weight".to_owned()),
        "{with_conv:?}"
    );
    assert!(
        !with_conv.iter().any(|path| path.starts_with("backbone.norm")),
        "{with_conv:?}"
    );
    let all = of("all", false);
    for part in ["gamma", "beta", "running_mean", "running_var"] {
        assert!(all.contains(&format!("backbone.norm.{part}")), "{all:?}");
    }
    let error = Trainable::parse("backbone.blocks.9")
        .unwrap()
        .apply(network, false);
    assert!(error.unwrap_err().to_string().contains("backbone.blocks.9"));
}

#[test]
fn rules_follow_the_longest_path_and_spare_what_does_not_decay() {
    let network = network();
    let more = r#", "optimizer": {"kind": "adamw", "weight_decay": 0.1},
             "lr_multipliers": {"backbone": 0.5, "backbone.norm": 0.1}"#;
    let stepper = stepper(&fit(more), &network).unwrap();
    let rule = |id| stepper.rule(id).unwrap();
    let head = rule(network.head.classifier.weight.id);
    assert_eq!((head.lr, head.decay), (Lr::Times(1.0), 0.1));
    assert!(format!("{:?}", head.optimizer).starts_with("AdamW"));
    let bias = rule(network.head.classifier.bias.as_ref().unwrap().id);
    assert_eq!((bias.lr, bias.decay), (Lr::Times(1.0), 0.0));
    let mut rules = Vec::new();
    struct Ids<'a>(&'a mut Vec<(usize, burn::module::ParamId)>);
    impl ModuleVisitor for Ids<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push((D, param.id));
        }
    }
    let backbone: &AnyBackbone = &network.backbone;
    backbone.visit(&mut Ids(&mut rules));
    let (conv, gamma) = (rule(rules[0].1), rule(rules[2].1));
    assert_eq!((rules[0].0, conv.lr, conv.decay), (4, Lr::Times(0.5), 0.1));
    assert_eq!((rules[2].0, gamma.lr, gamma.decay), (1, Lr::Times(0.1), 0.0));
    let unknown = self::stepper(&fit(r#", "lr_multipliers": {"backbone.blocks": 0.5}"#), &network);
    assert!(unknown.err().unwrap().to_string().contains("`backbone.blocks`"));
}
