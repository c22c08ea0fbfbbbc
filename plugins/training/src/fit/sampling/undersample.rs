//! `undersample`.

use ichflow_api::prelude::*;

use super::Sampling;
use super::decks::{Decks, has_bleed};

/// Every slice with a bleed, and so many without: those without take turns from epoch to epoch. As with "balanced",
/// probabilities want a `calibrate` stage fitted on slices as they are.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undersample {
    /// Slices without a bleed for each slice with one.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub negatives_per_positive: f64,
}

impl Undersample {
    /// Slices with and without a bleed in a whole epoch.
    fn wanted(&self, decks: &Decks) -> [usize; 2] {
        let positives = decks.count(has_bleed);
        let negatives = (positives as f64 * self.negatives_per_positive).round() as usize;
        [positives, negatives.min(decks.len() - positives)]
    }

    /// Slices with and without a bleed among `size`.
    fn parts(&self, decks: &Decks, size: usize) -> [usize; 2] {
        let [positives, negatives] = self.wanted(decks);
        let total = (positives + negatives).max(1);
        let negatives = (size as f64 * negatives as f64 / total as f64).round() as usize;
        let negatives = negatives.min(size);
        [size - negatives, negatives]
    }
}

impl Sampling for Undersample {
    fn whole(&self, decks: &Decks) -> usize {
        self.wanted(decks).iter().sum()
    }

    fn draw(&self, decks: &mut Decks, size: usize) -> Vec<usize> {
        let [positives, negatives] = self.parts(decks, size);
        let mut drawn = decks.deal("order of positives", has_bleed, positives);
        drawn.extend(decks.deal("order of negatives", |labels| !has_bleed(labels), negatives));
        decks.mix(&mut drawn);
        drawn
    }

    fn describe(&self, decks: &Decks, size: usize) -> String {
        let [positives, negatives] = self.parts(decks, size);
        let with = decks.count(has_bleed);
        format!(
            "{positives} with a bleed (of {with}), {negatives} without (of {})",
            decks.len() - with
        )
    }

    fn lacks(&self, decks: &Decks) -> Option<String> {
        (decks.count(has_bleed) == 0)
            .then(|| "no training slice has a bleed, and every epoch is built around those".into())
    }
}

crate::kind!("undersample", Undersample: dyn Sampling);
