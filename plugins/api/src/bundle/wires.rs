//! Stages and wires of a bundle's chain, and what stands in it for what a bundle does not hold.

use toml::{Table, Value};

use crate::prelude::*;
use crate::registry::{Registration, Registry};

/// What stands for the slices to predict, in wires.
pub const SLICES: &str = "slices";
/// What stands for the bundle's profile of the training data, in wires.
pub const PROFILE: &str = "bundle.profile";
/// What `use` says of the stage that trained: not a stage, but the bundle's weights.
pub const TRAINED: &str = "trained-weights";

/// What `use` says of the stage that trained the network over series: the bundle's weights of that.
pub const TRAINED_SERIES: &str = "trained-series-weights";

/// What `use` says of the stage that trained both on: where it stands, those that trained them before it stand for it.
pub const TRAINED_ON_TOGETHER: &str = "trained-on-together";

/// The stage a wire starts from.
pub fn stage_of(wire: &str) -> &str {
    wire.split('.').next().unwrap_or(wire)
}

/// A stage's record and its parameters alone, without `use`, seed and wires.
///
/// # Errors
/// Where this program has no such stage.
pub fn parts(written: &Table, registry: &Registry) -> Result<(&'static Registration, Table)> {
    let name = written.get("use").and_then(Value::as_str).unwrap_or_default();
    let registration = registry.find(name).ok_or_else(|| {
        Error::new(format!("this program has no stage `{name}`"))
            .help("use the program that wrote the bundle, or one with the same plugins")
    })?;
    let schema = registration.schema();
    let known = |key: &String| schema["properties"].get(key).is_some();
    let params = written
        .iter()
        .filter(|(key, _)| known(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Ok((registration, params))
}
