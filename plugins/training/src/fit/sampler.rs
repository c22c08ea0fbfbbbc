//! Which slices come in which step.

use ichflow_api::data::labels::{LABELS, Labels};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::phase::{Phase, Sampling};

/// Gives the batches of one epoch after the other. They depend on the slices, the seed and the phases before
/// alone, so that a run carries on by asking for the epochs it has had once more.
pub struct Sampler {
    all: Deck,
    in_order: Deck,
    positives: Deck,
    negatives: Deck,
    classes: Vec<(String, Deck)>,
    mix: ChaCha8Rng,
}

impl Sampler {
    /// A sampler of the given slices, each an index with its labels. `rng` gives a generator for a purpose.
    pub fn new(slices: &[(usize, Labels)], rng: impl Fn(&str) -> ChaCha8Rng) -> Self {
        let with = |keep: &dyn Fn(&Labels) -> bool| -> Vec<usize> {
            let kept = slices.iter().filter(|(_, labels)| keep(labels));
            kept.map(|(index, _)| *index).collect()
        };
        let mut classes = vec![("none".to_owned(), with(&|labels| !labels.contains(&true)))];
        for (label, name) in LABELS.iter().enumerate().skip(1) {
            classes.push(((*name).to_owned(), with(&|labels| labels[label])));
        }
        // A bleed whose type is not said.
        classes.push((
            "any alone".into(),
            with(&|labels| labels[0] && !labels[1..].contains(&true)),
        ));
        let classes = classes
            .into_iter()
            .filter(|(_, indices)| !indices.is_empty())
            .map(|(name, indices)| {
                let deck = Deck::shuffled(indices, rng(&format!("order of {name}")));
                (name, deck)
            });
        let has_bleed = |labels: &Labels| labels.contains(&true);
        Self {
            all: Deck::shuffled(with(&|_| true), rng("order")),
            in_order: Deck {
                indices: with(&|_| true),
                next: 0,
                rng: None,
            },
            positives: Deck::shuffled(with(&has_bleed), rng("order of positives")),
            negatives: Deck::shuffled(with(&|labels| !has_bleed(labels)), rng("order of negatives")),
            classes: classes.collect(),
            mix: rng("order in an epoch"),
        }
    }

    /// Number of slices in an epoch of a phase, in batches of `batch`, `accumulate` of them a step.
    pub fn epoch_size(&self, phase: &Phase, batch: usize, accumulate: usize) -> usize {
        let (positives, negatives) = self.parts(phase, batch, accumulate);
        positives + negatives
    }

    /// The batches of the next epoch. They have nearly equal sizes, at most `batch`: a last batch of a
    /// slice or two would upset normalisation.
    pub fn epoch(&mut self, phase: &Phase, batch: usize, accumulate: usize) -> Vec<Vec<usize>> {
        let (positives, negatives) = self.parts(phase, batch, accumulate);
        let size = positives + negatives;
        let chosen = match (phase.sampling, phase.negatives) {
            (Sampling::Balanced, _) => self.balanced(size),
            (Sampling::InOrder, _) => self.in_order.take(size),
            (Sampling::Shuffle, None) => self.all.take(size),
            (Sampling::Shuffle, Some(_)) => {
                let mut chosen = self.positives.take(positives);
                chosen.extend(self.negatives.take(negatives));
                chosen.shuffle(&mut self.mix);
                chosen
            }
        };
        let count = batches(size, batch);
        (0..count)
            .map(|index| chosen[index * size / count..(index + 1) * size / count].to_vec())
            .collect()
    }

    /// How many of an epoch's slices come from those with and from those without a bleed. Where the phase
    /// does not draw them apart, all count as the former.
    fn parts(&self, phase: &Phase, batch: usize, accumulate: usize) -> (usize, usize) {
        let (positives, negatives) = match phase.negatives {
            None => (self.all.len(), 0),
            Some(ratio) => {
                let wanted = (self.positives.len() as f64 * ratio).round() as usize;
                (self.positives.len(), wanted.min(self.negatives.len()))
            }
        };
        let total = positives + negatives;
        let size = match phase.steps {
            Some(steps) => steps.saturating_mul(batch).saturating_mul(accumulate),
            None => ((total as f64 * phase.fraction).round() as usize).clamp(2.min(total), total),
        };
        let negatives = (size as f64 * negatives as f64 / total.max(1) as f64).round() as usize;
        (size - negatives.min(size), negatives.min(size))
    }

    /// The same number from every class that there is; what is left over goes to other classes every time.
    fn balanced(&mut self, size: usize) -> Vec<usize> {
        let count = self.classes.len().max(1);
        let mut order: Vec<usize> = (0..self.classes.len()).collect();
        order.shuffle(&mut self.mix);
        let mut chosen = Vec::with_capacity(size);
        for (rank, class) in order.into_iter().enumerate() {
            let share = size / count + usize::from(rank < size % count);
            chosen.extend(self.classes[class].1.take(share));
        }
        chosen.shuffle(&mut self.mix);
        chosen
    }

    /// What an epoch holds, in words.
    pub fn describe(&self, phase: &Phase, batch: usize, accumulate: usize) -> String {
        let (positives, negatives) = self.parts(phase, batch, accumulate);
        let size = positives + negatives;
        let count = batches(size, batch);
        let steps = count.div_ceil(accumulate.max(1));
        let what = match (phase.sampling, phase.negatives) {
            (Sampling::Balanced, _) => {
                let names: Vec<String> = self
                    .classes
                    .iter()
                    .map(|(name, deck)| format!("{name} ({} there)", deck.len()))
                    .collect();
                format!(
                    "about {} of each class: {}",
                    size / names.len().max(1),
                    names.join(", ")
                )
            }
            (_, Some(_)) => format!(
                "{positives} with a bleed (of {}), {negatives} without (of {})",
                self.positives.len(),
                self.negatives.len()
            ),
            _ => format!(
                "{:.1} % with a bleed",
                100.0 * self.positives.len() as f64 / self.all.len().max(1) as f64
            ),
        };
        format!(
            "an epoch takes {size} of {} slices in {steps} steps; {what}",
            self.all.len()
        )
    }
}

/// Number of batches that hold `size` slices, at most `batch` each.
pub fn batches(size: usize, batch: usize) -> usize {
    size.div_ceil(batch.max(1))
}

/// Indices that are dealt in turn and start over when all have come once, shuffled anew unless there is no
/// generator.
struct Deck {
    indices: Vec<usize>,
    next: usize,
    rng: Option<ChaCha8Rng>,
}

impl Deck {
    fn shuffled(indices: Vec<usize>, rng: ChaCha8Rng) -> Self {
        Self {
            next: indices.len(),
            indices,
            rng: Some(rng),
        }
    }

    fn len(&self) -> usize {
        self.indices.len()
    }

    fn take(&mut self, count: usize) -> Vec<usize> {
        if self.indices.is_empty() {
            return Vec::new();
        }
        let mut taken = Vec::with_capacity(count);
        for _ in 0..count {
            if self.next == self.indices.len() {
                if let Some(rng) = &mut self.rng {
                    self.indices.shuffle(rng);
                }
                self.next = 0;
            }
            taken.push(self.indices[self.next]);
            self.next += 1;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn rng(purpose: &str) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(purpose.len() as u64)
    }

    /// Every tenth slice has a bleed, of type 1 or, every fiftieth, of type 2.
    fn sampler(count: usize) -> Sampler {
        let labels = |index: usize| {
            let (bleed, rare) = (index.is_multiple_of(10), index.is_multiple_of(50));
            [bleed, bleed && !rare, rare, false, false, false]
        };
        let slices: Vec<_> = (0..count).map(|index| (index, labels(index))).collect();
        Sampler::new(&slices, rng)
    }

    fn phase(more: &str) -> Phase {
        let text = format!(r#"{{"epochs": 1, "lr": 0.1{more}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn epoch(sampler: &mut Sampler, more: &str, batch: usize) -> Vec<usize> {
        sampler.epoch(&phase(more), batch, 1).concat()
    }

    #[test]
    fn a_whole_epoch_has_every_slice_once_in_even_batches() {
        let batches = sampler(101).epoch(&phase(""), 32, 1);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 25, 26]);
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..101).collect::<Vec<_>>());
    }

    #[test]
    fn six_sixths_cover_everything_once() {
        let mut sampler = sampler(600);
        let mut all: Vec<usize> = (0..6)
            .flat_map(|_| epoch(&mut sampler, r#", "fraction": 0.16666666666666666"#, 32))
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..600).collect::<Vec<_>>());
    }

    #[test]
    fn epochs_differ_and_a_seed_repeats_them() {
        for more in ["", r#", "sampling": "balanced""#, r#", "negatives": 1.0"#] {
            let (mut one, mut other) = (sampler(50), sampler(50));
            let first = epoch(&mut one, more, 10);
            assert_eq!(first, epoch(&mut other, more, 10));
            assert_ne!(first, epoch(&mut one, more, 10), "{more}");
        }
    }

    #[test]
    fn steps_count_what_an_epoch_takes() {
        let mut sampler = sampler(100);
        let batches = sampler.epoch(&phase(r#", "steps": 3"#), 8, 2);
        assert_eq!(batches.len(), 6);
        assert!(batches.iter().all(|batch| batch.len() == 8));
        // More than there are: some come again.
        assert_eq!(epoch(&mut sampler, r#", "steps": 20"#, 8).len(), 160);
    }

    #[test]
    fn in_order_goes_on_where_it_stopped() {
        let mut sampler = sampler(10);
        let three = r#", "steps": 1, "sampling": "in-order""#;
        assert_eq!(epoch(&mut sampler, three, 6), [0, 1, 2, 3, 4, 5]);
        assert_eq!(epoch(&mut sampler, three, 6), [6, 7, 8, 9, 0, 1]);
    }

    #[test]
    fn balanced_takes_as_many_of_every_class() {
        let mut sampler = sampler(100);
        let chosen = epoch(&mut sampler, r#", "sampling": "balanced""#, 10);
        assert_eq!(chosen.len(), 100);
        let rare = chosen.iter().filter(|index| index.is_multiple_of(50)).count();
        let common = chosen.iter().filter(|index| index.is_multiple_of(10)).count() - rare;
        for (what, count) in [("rare", rare), ("common", common), ("none", 100 - rare - common)] {
            assert!((33..=34).contains(&count), "{what}: {count}");
        }
    }

    #[test]
    fn negatives_are_subsampled_and_take_turns() {
        let mut sampler = sampler(100);
        let more = r#", "negatives": 3.0"#;
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..3 {
            let chosen = epoch(&mut sampler, more, 8);
            assert_eq!(chosen.len(), 40);
            let positives: std::collections::BTreeSet<_> =
                chosen.iter().filter(|index| index.is_multiple_of(10)).collect();
            assert_eq!(positives.len(), 10, "every slice with a bleed");
            seen.extend(chosen.iter().copied().filter(|index| !index.is_multiple_of(10)));
        }
        assert_eq!(seen.len(), 90, "every slice without one within three epochs");
        // A part of an epoch keeps the shares.
        let half = epoch(&mut sampler, r#", "negatives": 3.0, "fraction": 0.5"#, 8);
        assert_eq!(half.iter().filter(|index| index.is_multiple_of(10)).count(), 5);
        assert!(
            sampler
                .describe(&phase(more), 8, 1)
                .contains("10 with a bleed (of 10), 30 without (of 90)")
        );
    }
}
