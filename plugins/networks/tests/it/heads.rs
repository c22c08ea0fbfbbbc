//! Heads against PyTorch; `tests/reference/networks.py` makes the fixture.

use burn::tensor::{Device, Tensor, TensorData};
use ichflow_api::nn::weights;
use ichflow_api::nn::{HeadKind, Pool};
use ichflow_api::prelude::*;
use ichflow_networks::small_cnn::SmallCnn;

use crate::formula;
use crate::numbers::{digest, flat, max_difference, numbers, read};
use crate::support::{each_parameter, names_and_shapes, spec, write_safetensors};

/// What the power of the generalised mean is set to.
const POWER: f32 = 2.5;

fn small(pool: Pool, head: HeadKind) -> SmallCnn {
    SmallCnn {
        width: 4,
        dropout: 0.0,
        pool,
        head,
        hidden: 8,
    }
}

/// The network with a head by formula, through a file.
fn by_formula(stage: &SmallCnn, device: &Device) -> Network {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weights.safetensors");
    let network = spec(stage).build(1, 6, device).unwrap();
    weights::save_safetensors(&network, &path).unwrap();
    let tensors: Vec<_> = names_and_shapes(&path)
        .into_iter()
        .map(|(name, shape)| {
            let values = if name == "head.pool.p" {
                vec![POWER]
            } else {
                formula::weight(&name, &shape)
            };
            (name, shape, values)
        })
        .collect();
    write_safetensors(&path, &tensors);
    weights::load_safetensors(network, &path).unwrap()
}

#[test]
fn every_head_is_pytorchs() {
    let reference = read("heads");
    let device = Device::flex().autodiff();
    let values = formula::uniform("maps", 2 * 32 * 3 * 3);
    let values: Vec<f32> = values.into_iter().map(|u| (2.0 * u - 0.5) as f32).collect();
    let maps = Tensor::<4>::from_data(TensorData::new(values, [2, 32, 3, 3]), &device);
    for (pool, pool_name) in [(Pool::Average, "average"), (Pool::Max, "max"), (Pool::Gem, "gem")] {
        for (kind, kind_name) in [(HeadKind::Linear, "linear"), (HeadKind::PerLabel, "per-label")] {
            let what = format!("{pool_name} {kind_name}");
            let reference = &reference[&what];
            let network = by_formula(&small(pool, kind), &device);
            let logits = network.head.forward(maps.clone(), &ForwardContext::default());
            let difference = max_difference(&flat(logits.clone()), &numbers(&reference["logits"]));
            assert!(difference < 1e-5, "{what}: {difference}");
            let gradients = logits.powi_scalar(2).mean().backward();
            let mut seen = 0;
            each_parameter(&network, |name, parameter| {
                let Some(expected) = reference["gradients"].get(name) else {
                    return;
                };
                let gradient = (parameter.gradient)(&gradients).unwrap();
                let difference = max_difference(&digest(gradient), &numbers(expected));
                assert!(difference < 1e-4, "{what}, {name}: {difference}");
                seen += 1;
            });
            assert_eq!(seen, reference["gradients"].as_object().unwrap().len(), "{what}");
        }
    }
}

#[test]
fn a_fresh_power_is_three() {
    let network = spec(&small(Pool::Gem, HeadKind::Linear))
        .build(1, 6, &Device::flex())
        .unwrap();
    let mut powers = Vec::new();
    each_parameter(&network, |name, parameter| {
        if name == "head.pool.p" {
            powers = flat(parameter.flat);
        }
    });
    assert_eq!(powers, [3.0]);
}
