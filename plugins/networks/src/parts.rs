//! What the stages of this crate have in common: ports, checks, the file they read.

use ichflow_api::nn::{HeadKind, HeadPlan, Pool};
use ichflow_api::prelude::*;
use ichflow_hub::Hub;

use crate::normalise::Normalise;
use crate::source::Source;

/// The default of `dropout`.
pub(crate) const DROPOUT: f64 = 0.125;
/// The default of `hidden`.
pub(crate) const HIDDEN: usize = 64;

/// A window in, a network out.
pub(crate) fn ports() -> Ports {
    Ports::new().takes(input::WINDOW).offers(output::NETWORK)
}

/// Three channels where the normalisation needs them.
pub(crate) fn narrow(all: Ports, normalise: Normalise) -> Ports {
    if normalise.needs_three_channels() {
        all.wants_channels(input::WINDOW, 3)
    } else {
        all
    }
}

/// The schema allows 0 to 1; a dropout of exactly 1 would leave nothing to learn from.
pub(crate) fn check_dropout(dropout: f64) -> Vec<Problem> {
    if dropout == 1.0 {
        vec![Problem::new("dropout", "a dropout of 1 leaves no features").help("use a value below 1")]
    } else {
        Vec::new()
    }
}

/// Whether the weights are those of timm's `architecture`, and at hand.
pub(crate) fn check_weights(weights: Option<&str>, architecture: &str) -> Option<Problem> {
    weights.map(Source::parse)?.check(architecture, &Hub::from_env())
}

/// Fetches weights of the hub that are not on this machine.
///
/// # Errors
/// When they cannot be fetched.
pub(crate) fn fetch(weights: Option<&str>) -> Result<()> {
    match weights.map(Source::parse) {
        Some(source) => source.find(&Hub::from_env()).map(|_| ()),
        None => Ok(()),
    }
}

/// The weights file, if a file is named. What comes from the hub is found or fetched when the stage runs.
pub(crate) fn reads(weights: Option<&str>) -> Vec<ExternalPath> {
    match weights.map(Source::parse) {
        Some(Source::File(path)) => vec![ExternalPath::file("weights", path)],
        Some(Source::Hub(_) | Source::Random) | None => Vec::new(),
    }
}

/// The head a recipe describes.
pub(crate) fn head_plan(pool: Pool, kind: HeadKind, hidden: usize, dropout: f64) -> HeadPlan {
    HeadPlan {
        pool,
        kind,
        hidden,
        dropout,
        norm: None,
    }
}
