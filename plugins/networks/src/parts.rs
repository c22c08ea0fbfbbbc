//! What the stages of this crate have in common: ports, checks, the file they read.

use std::path::{Path, PathBuf};

use ichflow_api::prelude::*;

use crate::normalise::Normalise;

/// A window in, a network out; three channels where weights or a normalisation need them.
pub fn ports(weights: Option<&Path>, normalise: Normalise) -> Ports {
    let window = Input::of::<Window>("window");
    let three = weights.is_some() || normalise.needs_three_channels();
    Ports::new()
        .input(if three { window.channels(3) } else { window })
        .output(Output::of::<NetworkSpec>("network"))
}

/// The schema allows 0 to 1; a dropout of exactly 1 would leave nothing to learn from.
pub fn check_dropout(dropout: f64) -> Vec<Problem> {
    if dropout == 1.0 {
        vec![Problem::new("dropout", "a dropout of 1 leaves no features").help("use a value below 1")]
    } else {
        Vec::new()
    }
}

/// The weights file, if there is one.
pub fn reads(weights: Option<&PathBuf>) -> Vec<ExternalPath> {
    weights
        .map(|path| ExternalPath::file("weights", path))
        .into_iter()
        .collect()
}
