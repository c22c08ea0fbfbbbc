//! The batches of one epoch after the other.

use ichflow_api::counted::counted;
use ichflow_api::data::labels::{LabelSet, Labels};
use ichflow_api::error::{Error, Result};
use rand_chacha::ChaCha8Rng;

use super::decks::Decks;
use crate::fit::phase::Phase;

/// Gives the batches of one epoch after the other. They depend on the slices, the seed and the phases before
/// alone, so that a run carries on by asking for the epochs it has had once more.
pub struct Sampler<'a> {
    decks: Decks<'a>,
    /// Slices in a batch, at most.
    batch: usize,
    /// Batches in a step.
    accumulate: usize,
    /// What it is that is sampled: one, and several.
    units: [&'static str; 2],
}

impl<'a> Sampler<'a> {
    /// A sampler of the given slices, each an index with its truth of `labels`, in batches of `batch`, `accumulate` of them a
    /// step. `rng` gives a generator for a purpose.
    pub fn new(
        labels: &LabelSet,
        slices: Vec<(usize, Labels)>,
        [batch, accumulate]: [usize; 2],
        rng: impl Fn(&str) -> ChaCha8Rng + 'a,
    ) -> Self {
        Self {
            decks: Decks::new(labels.clone(), slices, rng),
            batch,
            accumulate,
            units: ["slice", "slices"],
        }
    }

    /// The same of other units than slices, by what one and several are called.
    #[must_use]
    pub fn of(self, units: [&'static str; 2]) -> Self {
        Self { units, ..self }
    }

    /// Whether every phase has something to train on.
    ///
    /// # Errors
    /// Where an epoch of a phase would have no slice, or not those its sampling is built on.
    pub fn check(&self, phases: &[Phase]) -> Result<()> {
        for (index, phase) in phases.iter().enumerate() {
            let lacks = phase.sampling.lacks(&self.decks);
            let nothing =
                || (self.epoch_size(phase) == 0).then(|| format!("there is no training {}", self.units[0]));
            if let Some(reason) = lacks.or_else(nothing) {
                let kind = phase.sampling.name();
                return Err(Error::new(format!(
                    "phase {} has nothing to train on: its sampling is \"{kind}\", and {reason}",
                    index + 1
                ))
                .help("leave `sampling` out, or use data with bleeds; `ichflow eda` shows how labels and folds fall"));
            }
        }
        Ok(())
    }

    /// Number of slices in an epoch of a phase.
    pub fn epoch_size(&self, phase: &Phase) -> usize {
        let whole = phase.sampling.whole(&self.decks);
        match phase.steps {
            Some(steps) => steps.saturating_mul(self.batch).saturating_mul(self.accumulate),
            None => ((whole as f64 * phase.fraction).round() as usize).clamp(2.min(whole), whole),
        }
    }

    /// Optimizer steps in an epoch of a phase.
    pub fn steps(&self, phase: &Phase) -> usize {
        batches(self.epoch_size(phase), self.batch).div_ceil(self.accumulate.max(1))
    }

    /// The batches of the next epoch. They have nearly equal sizes, at most `batch`: a last batch of a slice or two
    /// would upset normalisation.
    pub fn epoch(&mut self, phase: &Phase) -> Vec<Vec<usize>> {
        let size = self.epoch_size(phase);
        let drawn = phase.sampling.draw(&mut self.decks, size);
        let count = batches(drawn.len(), self.batch);
        (0..count)
            .map(|index| drawn[index * drawn.len() / count..(index + 1) * drawn.len() / count].to_vec())
            .collect()
    }

    /// What an epoch holds, in words.
    pub fn describe(&self, phase: &Phase) -> String {
        let size = self.epoch_size(phase);
        format!(
            "an epoch takes {size} of {} in {}; {}",
            counted(self.decks.len(), self.units[0], self.units[1]),
            counted(self.steps(phase), "step", "steps"),
            phase.sampling.describe(&self.decks, size)
        )
    }
}

/// Number of batches that hold `size` slices, at most `batch` each.
pub fn batches(size: usize, batch: usize) -> usize {
    size.div_ceil(batch.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn rng(purpose: &str) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(purpose.len() as u64)
    }

    /// Every tenth slice has a bleed, of type 1 or, every fiftieth, of type 2.
    fn sampler(count: usize, batch: [usize; 2]) -> Sampler<'static> {
        let labels = |index: usize| {
            let (bleed, rare) = (index.is_multiple_of(10), index.is_multiple_of(50));
            Labels::from([bleed, bleed && !rare, rare, false, false, false])
        };
        let slices = (0..count).map(|index| (index, labels(index))).collect();
        Sampler::new(&LabelSet::rsna(), slices, batch, rng)
    }

    fn phase(more: &str) -> Phase {
        let text = format!(r#"{{"epochs": 1, "lr": 0.1{more}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn epoch(sampler: &mut Sampler, more: &str) -> Vec<usize> {
        sampler.epoch(&phase(more)).concat()
    }

    const BALANCED: &str = r#", "sampling": {"kind": "balanced"}"#;

    fn undersample(negatives: u8) -> String {
        format!(r#", "sampling": {{"kind": "undersample", "negatives_per_positive": {negatives}}}"#)
    }

    #[test]
    fn a_whole_epoch_has_every_slice_once_in_even_batches() {
        let batches = sampler(101, [32, 1]).epoch(&phase(""));
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 25, 26]);
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..101).collect::<Vec<_>>());
    }

    #[test]
    fn six_sixths_cover_everything_once() {
        let mut sampler = sampler(600, [32, 1]);
        let mut all: Vec<usize> = (0..6)
            .flat_map(|_| epoch(&mut sampler, r#", "fraction": 0.16666666666666666"#))
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..600).collect::<Vec<_>>());
    }

    #[test]
    fn epochs_differ_and_a_seed_repeats_them() {
        for more in ["", BALANCED, &undersample(1)] {
            let (mut one, mut other) = (sampler(50, [10, 1]), sampler(50, [10, 1]));
            let first = epoch(&mut one, more);
            assert_eq!(first, epoch(&mut other, more));
            assert_ne!(first, epoch(&mut one, more), "{more}");
        }
    }

    #[test]
    fn steps_count_what_an_epoch_takes() {
        let batches = sampler(100, [8, 2]).epoch(&phase(r#", "steps": 3"#));
        assert_eq!(batches.len(), 6);
        assert!(batches.iter().all(|batch| batch.len() == 8));
        // More than there are: some come again.
        assert_eq!(epoch(&mut sampler(100, [8, 1]), r#", "steps": 20"#).len(), 160);
    }

    #[test]
    fn in_order_goes_on_where_it_stopped() {
        let mut sampler = sampler(10, [6, 1]);
        let three = r#", "steps": 1, "sampling": {"kind": "in-order"}"#;
        assert_eq!(epoch(&mut sampler, three), [0, 1, 2, 3, 4, 5]);
        assert_eq!(epoch(&mut sampler, three), [6, 7, 8, 9, 0, 1]);
    }

    #[test]
    fn balanced_takes_as_many_of_every_class() {
        let mut sampler = sampler(100, [10, 1]);
        let chosen = epoch(&mut sampler, BALANCED);
        assert_eq!(chosen.len(), 100);
        let rare = chosen.iter().filter(|index| index.is_multiple_of(50)).count();
        let common = chosen.iter().filter(|index| index.is_multiple_of(10)).count() - rare;
        for (what, count) in [("rare", rare), ("common", common), ("none", 100 - rare - common)] {
            assert!((33..=34).contains(&count), "{what}: {count}");
        }
    }

    #[test]
    fn negatives_are_subsampled_and_take_turns() {
        let mut sampler = sampler(100, [8, 1]);
        let three = undersample(3);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..3 {
            let chosen = epoch(&mut sampler, &three);
            assert_eq!(chosen.len(), 40);
            let positives: std::collections::BTreeSet<_> =
                chosen.iter().filter(|index| index.is_multiple_of(10)).collect();
            assert_eq!(positives.len(), 10, "every slice with a bleed");
            seen.extend(chosen.iter().copied().filter(|index| !index.is_multiple_of(10)));
        }
        assert_eq!(seen.len(), 90, "every slice without one within three epochs");
        // A part of an epoch keeps the shares.
        let half = epoch(&mut sampler, &format!(r#"{three}, "fraction": 0.5"#));
        assert_eq!(half.iter().filter(|index| index.is_multiple_of(10)).count(), 5);
        assert!(
            sampler
                .describe(&phase(&three))
                .contains("10 with a bleed (of 10), 30 without (of 90)")
        );
    }

    #[test]
    fn a_phase_without_slices_to_train_on_is_an_error() {
        let none = (0..20).map(|index| (index, [false; 6].into())).collect();
        let negatives = Sampler::new(&LabelSet::rsna(), none, [8, 1], rng);
        assert!(negatives.check(&[phase("")]).is_ok());
        for more in [
            BALANCED,
            &undersample(1),
            &format!("{}, \"steps\": 5", undersample(1)),
        ] {
            let error = negatives.check(&[phase(""), phase(more)]).unwrap_err();
            let said = error.to_string();
            assert!(
                said.contains("phase 2") && said.contains("no training slice has a bleed"),
                "{said}"
            );
        }
        let nothing = Sampler::new(&LabelSet::rsna(), Vec::new(), [8, 1], rng);
        assert!(nothing.check(&[phase("")]).is_err());
    }
}
