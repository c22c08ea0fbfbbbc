//! `shuffle`.

use ichflow_api::prelude::*;

use super::Sampling;
use super::decks::{Decks, has_bleed};

/// Successive parts of a seeded shuffle: every slice comes once before any comes twice.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Shuffle {}

impl Sampling for Shuffle {
    fn whole(&self, decks: &Decks) -> usize {
        decks.len()
    }

    fn draw(&self, decks: &mut Decks, size: usize) -> Vec<usize> {
        decks.deal("order", |_| true, size)
    }

    fn describe(&self, decks: &Decks, _size: usize) -> String {
        share_with_bleed(decks)
    }
}

/// The share of slices with a bleed, in words.
pub(super) fn share_with_bleed(decks: &Decks) -> String {
    format!(
        "{:.1} % with a bleed",
        100.0 * decks.count(has_bleed) as f64 / decks.len().max(1) as f64
    )
}

crate::kind!("shuffle", Shuffle: dyn Sampling);
