//! `in-order`.

use ichflow_api::prelude::*;

use super::Sampling;
use super::decks::Decks;
use super::shuffle::share_with_bleed;

/// In the order of the cohort, going on where the epoch before stopped.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InOrder {}

impl Sampling for InOrder {
    fn whole(&self, decks: &Decks) -> usize {
        decks.len()
    }

    fn draw(&self, decks: &mut Decks, size: usize) -> Vec<usize> {
        decks.deal_in_order(size)
    }

    fn describe(&self, decks: &Decks, _size: usize) -> String {
        share_with_bleed(decks)
    }
}

crate::kind!("in-order", InOrder: dyn Sampling);
