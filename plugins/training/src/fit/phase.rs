//! One phase of training, as a recipe writes it.

use ichflow_api::prelude::*;

/// A stretch of training with one learning rate and one choice of what learns.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Phase {
    /// Number of epochs.
    #[schemars(range(min = 1, max = 10_000))]
    pub epochs: usize,
    /// Learning rate.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 10.0))]
    pub lr: f64,
    /// What learns: "all", "head", "last N" (the last N layers that have weights, the head's among them),
    /// or paths such as "backbone.blocks.6, head". The rest is frozen, normalisation statistics included.
    #[serde(default = "everything")]
    pub trainable: String,
    /// Share of the training slices in an epoch. Successive epochs take successive parts of a seeded
    /// shuffle, so that every slice comes once before any comes twice.
    #[serde(default = "whole")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub fraction: f64,
}

fn everything() -> String {
    "all".into()
}

fn whole() -> f64 {
    1.0
}
