//! Slices that are there twice, and slices that look alike where they should not.

use std::collections::HashMap;

use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::gather::Seen;

/// Hashes may differ in so many bits of 64 …
const BITS: u32 = 6;
/// … if the thumbnails differ by less than this on average, in HU.
const CLOSE_HU: f32 = 3.0;
/// A thumbnail flatter than this shows nothing that could be alike, in HU.
const FLAT_HU: f32 = 10.0;

/// Two slices that are the same or look the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    /// The first, as an index into all slices.
    pub first: usize,
    /// The second.
    pub second: usize,
    /// Mean difference of their thumbnails, in HU.
    pub apart_hu: f32,
}

/// What is there more than once.
pub(super) struct Duplicates {
    /// Groups of slices with the same pixels, each ascending.
    pub exact: Vec<Vec<usize>>,
    /// Pairs of slices of different series that look alike.
    pub pairs: usize,
    /// The closest of them, closest first.
    pub alike: Vec<Pair>,
}

/// The closest pairs, counted all: a cohort of slices that all look alike has more than fit in memory.
#[derive(Default)]
struct Closest {
    count: usize,
    pairs: Vec<Pair>,
}

impl Closest {
    /// More than a page shows.
    const MOST: usize = 1000;

    fn add(&mut self, pair: Pair) {
        self.count += 1;
        self.pairs.push(pair);
        if self.pairs.len() >= 4 * Self::MOST {
            self.shorten();
        }
    }

    fn merge(mut self, other: Self) -> Self {
        self.count += other.count;
        self.pairs.extend(other.pairs);
        self.shorten();
        self
    }

    fn shorten(&mut self) {
        self.pairs.sort_by(|a, b| {
            a.apart_hu
                .total_cmp(&b.apart_hu)
                .then(a.first.cmp(&b.first))
                .then(a.second.cmp(&b.second))
        });
        self.pairs.truncate(Self::MOST);
    }

    fn finish(mut self) -> Self {
        self.shorten();
        self
    }
}

impl Duplicates {
    /// Looks for them among the slices that were seen.
    pub(super) fn of(seen: &[Seen], slices: &[&Slice]) -> Self {
        let mut same: HashMap<u64, Vec<usize>> = HashMap::new();
        for one in seen.iter().filter(|one| one.range[0] < one.range[1]) {
            same.entry(one.exact).or_default().push(one.index);
        }
        let mut exact: Vec<Vec<usize>> = same.into_values().filter(|group| group.len() > 1).collect();
        exact.sort();
        // Neighbours in a series look alike by nature, so only slices of different series are held against
        // each other. 20,000 slices make 200 million pairs, which is a fraction of a second.
        let structured: Vec<&Seen> = seen
            .iter()
            .filter(|one| one.thumbnail.spread() > FLAT_HU)
            .collect();
        let alike = structured
            .par_iter()
            .enumerate()
            .fold(Closest::default, |mut closest, (place, a)| {
                structured[place + 1..]
                    .iter()
                    .filter(|b| (a.alike ^ b.alike).count_ones() <= BITS && a.exact != b.exact)
                    .filter(|b| slices[a.index].series != slices[b.index].series)
                    .for_each(|b| {
                        let apart_hu = a.thumbnail.distance(&b.thumbnail);
                        if apart_hu < CLOSE_HU {
                            closest.add(Pair {
                                first: a.index,
                                second: b.index,
                                apart_hu,
                            });
                        }
                    });
                closest
            })
            .reduce(Closest::default, Closest::merge)
            .finish();
        Self {
            exact,
            pairs: alike.count,
            alike: alike.pairs,
        }
    }

    /// Slices that repeat another's pixels.
    pub(super) fn surplus(&self) -> usize {
        self.exact.iter().map(|group| group.len() - 1).sum()
    }
}
