//! Everything a run measured, as `metrics.json` has it.

use serde_json::Value;

use crate::digest::sha256;
use crate::ports::Artifact;

/// What `metrics.json` says, for stages that pass numbers on and need not know all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores(pub Value);

impl Artifact for Scores {
    const NAME: &'static str = "scores";

    fn digest(&self) -> Option<String> {
        Some(sha256(self.0.to_string().as_bytes()))
    }
}
