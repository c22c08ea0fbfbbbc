//! On the CPU a slice's answer is the same bit for bit alone and in any batch, at any place of it.

// Linked for its registrations.
use ichflow_networks as _;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::testkit::run_context;

const SIDE: usize = 64;
const BATCH: usize = 11;

struct Plain;

impl WindowScheme for Plain {
    fn channels(&self) -> usize {
        3
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        batch.hu().repeat_dim(1, 3)
    }
}

fn images() -> Tensor<4> {
    let count = BATCH * 3 * SIDE * SIDE;
    let values: Vec<f32> = (0..count as u32)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
        .collect();
    Tensor::from_data(TensorData::new(values, [BATCH, 3, SIDE, SIDE]), &Device::flex())
}

fn bits(logits: Tensor<2>) -> Vec<u32> {
    let values = logits.into_data().try_to_vec::<f32>().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

#[test]
fn an_answer_does_not_depend_on_the_rest_of_its_batch() {
    let registry = Registry::collect().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let run = run_context(directory.path());
    let mut wrong = Vec::new();
    for (name, params) in [
        ("small-cnn", ""),
        ("small-cnn", "head = \"per-label\""),
        ("small-cnn", "pool = \"gem\""),
        ("efficientnet-b0", ""),
        ("efficientnet-b0", "variant = \"tf\""),
        ("efficientnet-lite0", ""),
        ("resnet18", ""),
        ("resnet50", ""),
        ("se-resnext50-32x4d", ""),
        ("densenet121", ""),
        ("convnext-tiny", ""),
    ] {
        let registration = registry.find(name).unwrap();
        let context = Context::new(&run, "network", registration.name, "key");
        let inputs = Inputs::default().with(input::WINDOW, Window::new(Plain));
        let spec = registration
            .build(toml::from_str(params).unwrap())
            .unwrap()
            .run(&inputs, &context)
            .unwrap()
            .take(output::NETWORK)
            .unwrap();
        let network = spec.build(3, 6, &Device::flex()).unwrap().valid();
        let images = images();
        let together = bits(network.forward(images.clone()));
        for (first, count) in [(0, 1), (BATCH - 1, 1), (2, 7)] {
            let some = bits(network.forward(images.clone().narrow(0, first, count)));
            if some != together[first * 6..(first + count) * 6] {
                wrong.push(format!("{name} {params}: {count} from {first} on"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
