//! Keys: what makes a stage's result, as a digest.

use std::collections::BTreeMap;

use ichflow_api::digest::Digest;
use ichflow_api::error::Result;

use super::{Plan, Wire};
use crate::recipe::RecipeStage;

/// The key of a stage from its name and version, its parameters, its inputs' keys and, where it matters,
/// the seed. Files that the stage reads are its own to compare: they may be many, and are not read yet.
pub fn of(stage: &RecipeStage, wires: &BTreeMap<&'static str, Wire>, earlier: &Plan) -> Result<String> {
    let mut digest = Digest::new();
    digest
        .add(stage.registration.name)
        .add(stage.registration.version.to_le_bytes());
    // toml::Table keeps the order of the parameter struct, which the version number guards.
    digest.add(stage.stage.params()?.to_string());
    for (port, wire) in wires {
        let key = earlier
            .stages
            .get(wire.stage)
            .map_or("", |stage| stage.key.as_str());
        digest.add(port).add(key).add(wire.output);
    }
    if stage.registration.seeded {
        digest.add(earlier.seed.to_le_bytes());
    }
    Ok(digest.hex())
}
