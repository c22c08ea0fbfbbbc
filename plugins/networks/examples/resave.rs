//! Reads weights into a network and writes them again, for `tests/reference/round_trip.py` to compare.
//!
//! `cargo run --release -p ichflow-networks --example resave -- efficientnet-b0 in.safetensors out.safetensors
//! [variant]`: the stage starts from the file, then takes its classifier of 1000 classes too.

use std::path::Path;

use ichflow_api::nn::weights;
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::testkit;
use ichflow_networks as _;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [stage, given, back, more @ ..] = &arguments[..] else {
        return Err("stage, file to read and file to write are wanted".into());
    };
    let registry = Registry::collect().map_err(|_| "two stages of one name")?;
    let registration = registry.find(stage).ok_or("there is no such stage")?;
    let mut params = toml::Table::from_iter([("weights".to_owned(), given.as_str().into())]);
    if let Some(variant) = more.first() {
        params.insert("variant".into(), variant.as_str().into());
    }
    let directory = std::env::temp_dir();
    let run = testkit::run_context(&directory);
    let context = Context::new(&run, "network", registration.name, "key");
    let mut outputs = registration.build(params)?.run(&Inputs::default(), &context)?;
    let spec = outputs.take(output::NETWORK).ok_or("no network")?;
    let network = spec.build(3, 1000, &Device::flex())?;
    let network = weights::load_safetensors(network, Path::new(given))?;
    weights::save_safetensors(&network, Path::new(back))?;
    Ok(())
}
