//! One phase of training, as a recipe writes it.

use ichflow_api::prelude::*;

use super::sampling::{Sampling, Shuffle};
use super::schedule::{Constant, Schedule, Warmup};
use super::trainable::Trainable;
use crate::kind::Kind;

/// A stretch of training with one learning rate and one choice of what learns. Each phase starts its optimizer
/// anew.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Phase {
    /// Number of epochs.
    #[schemars(range(min = 1, max = 10_000))]
    pub epochs: usize,
    /// Learning rate; where it moves, the highest one.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 10.0))]
    pub lr: f64,
    /// What learns: "all", "head", "last N" (the last N layers that have weights, the head's among them),
    /// or paths such as "backbone.blocks.6, head". The rest is frozen, normalisation statistics included.
    #[serde(default = "everything")]
    pub trainable: String,
    /// Keeps every normalisation layer as it is: running statistics in place of the batch's, scale and shift
    /// unchanged. Meant for pretrained weights and small batches.
    #[serde(default)]
    pub frozen_norm: bool,
    /// Share of the training slices in an epoch. Successive epochs take successive parts of a seeded
    /// shuffle, so that every slice comes once before any comes twice.
    #[serde(default = "whole")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub fraction: f64,
    /// Number of optimizer steps in an epoch, in place of `fraction`; none: `fraction` decides.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub steps: Option<usize>,
    /// Which slices an epoch takes: `{ kind = "balanced" }`.
    #[serde(default = "shuffle")]
    pub sampling: Kind<dyn Sampling>,
    /// How the learning rate moves, from step to step: `{ kind = "one-cycle", pct_start = 0.3 }`.
    #[serde(default = "constant")]
    pub schedule: Kind<dyn Schedule>,
    /// What comes before the schedule: `{ epochs = 1 }`. None: the schedule has all steps.
    #[serde(default)]
    pub warmup: Option<Warmup>,
}

impl Phase {
    /// Whether all weights learn in it.
    pub fn trains_everything(&self) -> bool {
        self.trainable == everything()
    }

    /// What its types cannot say.
    pub fn check(&self, index: usize) -> Vec<Problem> {
        let mut problems = Vec::new();
        let at = |key: &str| format!("phases[{index}].{key}");
        if let Err(message) = Trainable::parse(&self.trainable) {
            problems.push(
                Problem::new(
                    at("trainable"),
                    format!("`trainable` is not understood: {message}"),
                )
                .help("write \"all\", \"head\", \"last N\" or paths such as \"backbone.blocks.6, head\""),
            );
        }
        if self.steps.is_some() && self.fraction < 1.0 {
            problems.push(
                Problem::new(at("steps"), "an epoch has either `steps` or a `fraction`")
                    .help("leave one of them out"),
            );
        }
        if self
            .warmup
            .as_ref()
            .is_some_and(|warmup| warmup.epochs > self.epochs as f64)
        {
            problems.push(
                Problem::new(at("warmup.epochs"), "the warm-up is longer than the phase")
                    .help("it is a number of epochs, also a part of one"),
            );
        }
        problems
    }
}

fn everything() -> String {
    "all".into()
}

fn whole() -> f64 {
    1.0
}

fn shuffle() -> Kind<dyn Sampling> {
    Shuffle::default().into()
}

fn constant() -> Kind<dyn Schedule> {
    Constant::default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_itself_is_said_where_it_stands() {
        let text = r#"{"epochs": 1, "lr": 0.1, "trainable": "some", "steps": 3, "fraction": 0.5,
                       "warmup": {"epochs": 2}}"#;
        let phase: Phase = serde_json::from_str(text).unwrap();
        let keys: Vec<String> = phase.check(1).into_iter().map(|problem| problem.key).collect();
        assert_eq!(
            keys,
            [
                "phases[1].trainable",
                "phases[1].steps",
                "phases[1].warmup.epochs"
            ]
        );
    }
}
