//! Which slices come in which step.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Number of slices in an epoch that takes `fraction` of `total`; at least two.
pub fn epoch_size(total: usize, fraction: f64) -> usize {
    ((total as f64 * fraction).round() as usize).clamp(2.min(total), total)
}

/// An endless seeded shuffle of the training slices, reshuffled whenever all have come once.
pub struct Schedule {
    indices: Vec<usize>,
    next: usize,
    rng: ChaCha8Rng,
}

impl Schedule {
    /// A schedule of the given slices.
    pub fn new(indices: &[usize], rng: ChaCha8Rng) -> Self {
        Self {
            indices: indices.to_vec(),
            next: indices.len(),
            rng,
        }
    }

    /// The batches of the next epoch. They have nearly equal sizes, at most `batch`: a last batch of a
    /// slice or two would upset normalisation.
    pub fn epoch(&mut self, fraction: f64, batch: usize) -> Vec<Vec<usize>> {
        let size = epoch_size(self.indices.len(), fraction);
        let chosen: Vec<usize> = (0..size).map(|_| self.take()).collect();
        let count = size.div_ceil(batch.max(1));
        (0..count)
            .map(|index| chosen[index * size / count..(index + 1) * size / count].to_vec())
            .collect()
    }

    fn take(&mut self) -> usize {
        if self.next == self.indices.len() {
            self.indices.shuffle(&mut self.rng);
            self.next = 0;
        }
        self.next += 1;
        self.indices[self.next - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn schedule(count: usize) -> Schedule {
        Schedule::new(&(0..count).collect::<Vec<_>>(), ChaCha8Rng::seed_from_u64(5))
    }

    #[test]
    fn a_whole_epoch_has_every_slice_once_in_even_batches() {
        let batches = schedule(101).epoch(1.0, 32);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 25, 26]);
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..101).collect::<Vec<_>>());
    }

    #[test]
    fn six_sixths_cover_everything_once() {
        let mut schedule = schedule(600);
        let mut all: Vec<usize> = (0..6)
            .flat_map(|_| schedule.epoch(1.0 / 6.0, 32).concat())
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..600).collect::<Vec<_>>());
    }

    #[test]
    fn epochs_differ_and_a_seed_repeats_them() {
        let (mut one, mut other) = (schedule(50), schedule(50));
        let first = one.epoch(1.0, 10);
        assert_eq!(first, other.epoch(1.0, 10));
        assert_ne!(first, one.epoch(1.0, 10));
    }
}
