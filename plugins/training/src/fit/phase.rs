//! One phase of training, as a recipe writes it.

use ichflow_api::prelude::*;

use super::trainable::Trainable;

/// How the learning rate moves within a phase, after its warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum RateCurve {
    /// It stays.
    #[default]
    Constant,
    /// It is multiplied by `step_factor` after every `step_epochs` epochs.
    Step,
    /// It falls along half a cosine to `end` times `lr` (arXiv 1608.03983, without restarts).
    Cosine,
    /// It rises from `start` times `lr` to `lr` over the first `rise` of the phase, then falls to `end` times
    /// `lr`, both along half a cosine (arXiv 1708.07120).
    OneCycle,
}

/// Which slices an epoch takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Sampling {
    /// Successive parts of a seeded shuffle: every slice comes once before any comes twice.
    #[default]
    Shuffle,
    /// In the order of the cohort, going on where the epoch before stopped.
    InOrder,
    /// As many slices without a bleed as with each of the five types: rare types come more often than they
    /// are, common ones more seldom. Within a class every slice comes once before any comes twice.
    Balanced,
}

/// A stretch of training with one learning rate and one choice of what learns. Each phase starts its
/// optimiser anew.
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
    /// Number of optimiser steps in an epoch, in place of `fraction`; none: `fraction` decides.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub steps: Option<usize>,
    /// Which slices an epoch takes. A network trained with "balanced", or with `negatives`, sees bleeds more
    /// often than they are and predicts them as too likely: scores keep their order, probabilities (and the
    /// log loss) want a `calibrate` stage fitted on slices as they are.
    #[serde(default)]
    pub sampling: Sampling,
    /// Slices without a bleed for each slice with one: an epoch takes every slice with a bleed and, in turn,
    /// so many without. None: all of them.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub negatives: Option<f64>,
    /// How the learning rate moves, from step to step.
    #[serde(default)]
    pub curve: RateCurve,
    /// Epochs, also parts of one, over which the learning rate first rises from `warmup_start` times `lr`.
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub warmup: f64,
    /// Where the warm-up begins, as a share of `lr`.
    #[serde(default = "hundredth")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub warmup_start: f64,
    /// Where "cosine" and "one-cycle" end, as a share of `lr`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub end: f64,
    /// Where "one-cycle" begins, as a share of `lr`.
    #[serde(default = "twenty_fifth")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub start: f64,
    /// Share of the steps over which "one-cycle" rises.
    #[serde(default = "third")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub rise: f64,
    /// Epochs between two falls of "step".
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub step_epochs: usize,
    /// What "step" multiplies the learning rate by.
    #[serde(default = "tenth")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub step_factor: f64,
}

impl Phase {
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
        if self.negatives.is_some() && self.sampling != Sampling::Shuffle {
            problems.push(
                Problem::new(
                    at("negatives"),
                    "`negatives` goes with `sampling = \"shuffle\"` alone",
                )
                .help("leave `sampling` or `negatives` out"),
            );
        }
        if self.warmup > self.epochs as f64 {
            problems.push(
                Problem::new(at("warmup"), "the warm-up is longer than the phase")
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

fn hundredth() -> f64 {
    0.01
}

fn twenty_fifth() -> f64 {
    0.04
}

fn third() -> f64 {
    0.3
}

fn one() -> usize {
    1
}

fn tenth() -> f64 {
    0.1
}
