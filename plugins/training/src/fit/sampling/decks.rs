//! Slices to draw from, in decks that are dealt in turn.

use std::collections::BTreeMap;

use ichflow_api::data::labels::{LabelSet, Labels};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The training slices with their labels, and the decks that samplers have drawn from so far.
///
/// A deck's generator depends on its name alone, and phases share decks: an epoch does not depend on what was drawn
/// from others.
pub struct Decks<'a> {
    labels: LabelSet,
    slices: Vec<(usize, Labels)>,
    decks: BTreeMap<String, Deck>,
    rng: Box<dyn Fn(&str) -> ChaCha8Rng + 'a>,
    mix: ChaCha8Rng,
}

impl<'a> Decks<'a> {
    /// Decks of the given slices, each an index with its truth of `labels`. `rng` gives a generator for a purpose.
    pub fn new(
        labels: LabelSet,
        slices: Vec<(usize, Labels)>,
        rng: impl Fn(&str) -> ChaCha8Rng + 'a,
    ) -> Self {
        Self {
            labels,
            slices,
            decks: BTreeMap::new(),
            mix: rng("order in an epoch"),
            rng: Box::new(rng),
        }
    }

    /// The labels.
    pub fn labels(&self) -> &LabelSet {
        &self.labels
    }

    /// Number of slices.
    pub fn len(&self) -> usize {
        self.slices.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// Number of slices whose labels are as `keep` wants them.
    pub fn count(&self, keep: impl Fn(&Labels) -> bool) -> usize {
        self.slices.iter().filter(|(_, labels)| keep(labels)).count()
    }

    /// The next `count` slices of the deck called `name`, which holds those that `keep` wants: all come once, in
    /// random order, before any comes twice.
    pub fn deal(&mut self, name: &str, keep: impl Fn(&Labels) -> bool, count: usize) -> Vec<usize> {
        let Self {
            slices, decks, rng, ..
        } = self;
        let deck = decks.entry(name.to_owned()).or_insert_with(|| {
            let indices = slices.iter().filter(|(_, labels)| keep(labels));
            Deck::shuffled(indices.map(|(index, _)| *index).collect(), rng(name))
        });
        deck.take(count)
    }

    /// The next `count` slices in the order of the cohort.
    pub fn deal_in_order(&mut self, count: usize) -> Vec<usize> {
        let Self { slices, decks, .. } = self;
        let deck = decks.entry("in order".into()).or_insert_with(|| Deck {
            indices: slices.iter().map(|(index, _)| *index).collect(),
            next: 0,
            rng: None,
        });
        deck.take(count)
    }

    /// Mixes what an epoch drew from several decks.
    pub fn mix<T>(&mut self, drawn: &mut [T]) {
        drawn.shuffle(&mut self.mix);
    }
}

/// Whether there is any bleed.
pub(super) fn has_bleed(labels: &Labels) -> bool {
    labels.some_positive()
}

/// The classes of slices: none, each of the types (a slice may be of several), and a bleed whose type is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    None,
    Type(usize),
    UnionAlone(usize),
}

impl Class {
    /// Every class, in the order of labels.
    pub(super) fn all(labels: &LabelSet) -> impl Iterator<Item = Self> + '_ {
        let types = labels.kinds().map(Self::Type);
        let alone = labels.union().map(Self::UnionAlone);
        [Self::None].into_iter().chain(types).chain(alone)
    }

    /// What it is called.
    pub(super) fn name(self, labels: &LabelSet) -> String {
        match self {
            Self::None => "none".into(),
            Self::Type(label) => labels.name(label).into(),
            Self::UnionAlone(label) => format!("{} alone", labels.name(label)),
        }
    }

    /// Whether a slice with this truth is of it.
    pub(super) fn holds(self, truth: &Labels) -> bool {
        match self {
            Self::None => !has_bleed(truth),
            Self::Type(label) => truth.is_positive(label),
            Self::UnionAlone(union) => {
                let other = |label| label != union && truth.is_positive(label);
                truth.is_positive(union) && !(0..truth.len()).any(other)
            }
        }
    }
}

/// Indices that are dealt in turn and start over when all have come once, in a new random order unless there is no
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
