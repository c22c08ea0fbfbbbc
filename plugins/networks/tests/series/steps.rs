//! Steps of training against PyTorch's SGD and AdamW.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use ichflow_api::nn::optimizer::{AdamStep, adam};
use ichflow_api::nn::series::AnySeriesNetwork;
use ichflow_api::prelude::*;
use ichflow_api::tensors::loss::binary_cross_entropy;

use crate::formula::uniform;
use crate::reference::{LABELS, REFERENCE, by_formula, difference, digests, input, lengths, numbers, shape};
use crate::stages::spec;

/// One optimizer's step of one parameter.
trait Rule {
    fn step<const D: usize>(&mut self, id: ParamId, weight: Tensor<D>, gradient: Tensor<D>) -> Tensor<D>;
}

struct Sgd;

impl Rule for Sgd {
    fn step<const D: usize>(&mut self, _: ParamId, weight: Tensor<D>, gradient: Tensor<D>) -> Tensor<D> {
        weight - gradient * 0.1
    }
}

#[derive(Default)]
struct AdamW {
    /// Which step, and moments as rows.
    state: BTreeMap<ParamId, (u32, [Tensor<1>; 2])>,
}

impl Rule for AdamW {
    fn step<const D: usize>(&mut self, id: ParamId, weight: Tensor<D>, gradient: Tensor<D>) -> Tensor<D> {
        let shape = weight.dims();
        let count = weight.shape().num_elements();
        let (before, moments) = self.state.remove(&id).unzip();
        let settings = AdamStep {
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            lr: 0.01,
            decay: 0.1,
            step: before.unwrap_or(0) + 1,
        };
        let (weight, state) = adam(
            settings,
            weight.reshape([count]),
            gradient.reshape([count]),
            moments,
        );
        self.state.insert(id, (settings.step, state.unwrap()));
        weight.reshape(shape)
    }
}

struct Step<'a, R>(&'a Gradients, &'a mut R);

impl<R: Rule> ModuleMapper for Step<'_, R> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = param.val();
        let Some(gradient) = value.grad(self.0) else {
            return param;
        };
        let stepped = self.1.step(param.id, value.inner(), gradient);
        Param::initialized(param.id, Tensor::from_inner(stepped).require_grad())
    }
}

fn trains_like_pytorch(name: &str, mut rule: impl Rule) {
    let device = Device::flex().autodiff();
    let params = "hidden = 12\nlayers = 2\nexam = \"attention\"\nattention = 8\ndropout = 0.0";
    let network = spec("series-gru", params).build(shape(), &device).unwrap();
    let mut network: AnySeriesNetwork = by_formula(network, false);
    let slices = lengths().slices();
    let truth: Vec<f32> = uniform("truth", slices * LABELS)
        .into_iter()
        .map(|u| if 2.0 * u - 1.0 > 0.4 { 1.0 } else { 0.0 })
        .collect();
    let truth = Tensor::<2>::from_data(TensorData::new(truth, [slices, LABELS]), &device);
    let weights = Tensor::<1>::from_floats([2.0, 1.0, 1.0, 1.0, 1.0, 1.0], &device) / 7.0;
    let reference = &REFERENCE["steps"][name];
    let mut losses = Vec::new();
    for _ in 0..3 {
        let output = network.forward(input(&device, false), &ForwardContext::default());
        let loss = binary_cross_entropy(output.slices, truth.clone()) * weights.clone().unsqueeze::<2>();
        let loss = loss.sum_dim(1).mean();
        losses.push(f64::from(loss.clone().into_scalar::<f32>()));
        let gradients = loss.backward();
        network = network.map(&mut Step(&gradients, &mut rule));
    }
    let off = difference(&losses, &numbers(&reference["losses"]));
    assert!(off < 1e-6, "{name}: losses differ by {off:.1e}");
    let expected = reference["parameters"].as_object().unwrap();
    let found = digests(&network, |values| Some(values.flat));
    let mut worst = 0.0f64;
    for (parameter, expected) in expected {
        let expected = numbers(expected);
        worst = worst.max(difference(&found[parameter], &expected) / expected[1].max(1.0));
    }
    println!("{name}: losses differ by {off:.1e}, parameters by {worst:.1e}");
    assert!(worst < 1e-5, "{name}: parameters differ by {worst:.1e}");
}

#[test]
fn sgd() {
    trains_like_pytorch("sgd", Sgd);
}

#[test]
fn adamw() {
    trains_like_pytorch("adamw", AdamW::default());
}
