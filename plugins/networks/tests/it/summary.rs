//! Parameters and multiply-adds of every network beside those counted on timm's own
//! (tests/reference, fixtures/macs.json).

// Linked for its registrations.
use ichflow_networks as _;

use burn::tensor::{Device, Tensor};
use ichflow_api::nn::summary::Summary;
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::testkit::run_context;
use serde_json::Value;

struct Plain;

impl WindowScheme for Plain {
    fn channels(&self) -> usize {
        3
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        batch.hu().repeat_dim(1, 3)
    }
}

#[test]
fn parameters_and_multiply_adds_are_timms() {
    let reference: Vec<Value> = serde_json::from_str(include_str!("../fixtures/macs.json")).unwrap();
    let registry = Registry::collect().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let run = run_context(directory.path());
    let mut missing = Vec::new();
    for row in &reference {
        let name = row["stage"].as_str().unwrap();
        let Some(registration) = registry.find(name) else {
            missing.push(name);
            continue;
        };
        let mut params = toml::Table::new();
        if let Some(variant) = row["variant"].as_str() {
            params.insert("variant".into(), variant.into());
        }
        let context = Context::new(&run, "network", registration.name, "key");
        let inputs = Inputs::default().with(input::WINDOW, Window::new(Plain));
        let spec = registration
            .build(params)
            .unwrap()
            .run(&inputs, &context)
            .unwrap()
            .take(output::NETWORK)
            .unwrap();
        let device = Device::flex();
        let network = spec.build(3, 1000, &device).unwrap();
        let size = row["size"].as_u64().unwrap() as usize;
        let summary = Summary::of(&network, [3, size, size], &device);
        let got = (summary.parameters as u64, summary.multiply_adds);
        let expected = (
            row["parameters"].as_u64().unwrap(),
            row["multiply_adds"].as_u64().unwrap(),
        );
        assert_eq!(got, expected, "{name} {row}");
    }
    assert!(missing.is_empty(), "no stages called {}", missing.join(", "));
}
