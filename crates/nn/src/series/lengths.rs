//! Where each series of a batch begins and ends.

use std::ops::Range;
use std::sync::Arc;

/// How many slices each series of a batch has, in their order. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lengths(Arc<[usize]>);

impl Lengths {
    /// Of series with so many slices each; one without slices is allowed, and has no rows.
    pub fn new(lengths: impl Into<Arc<[usize]>>) -> Self {
        Self(lengths.into())
    }

    /// How many series there are.
    pub fn series(&self) -> usize {
        self.0.len()
    }

    /// How many slices they have together.
    pub fn slices(&self) -> usize {
        self.0.iter().sum()
    }

    /// Slices of the longest series.
    pub fn longest(&self) -> usize {
        self.0.iter().copied().max().unwrap_or(0)
    }

    /// Slices of each.
    pub fn each(&self) -> &[usize] {
        &self.0
    }

    /// The rows of each series.
    pub fn rows(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.0.iter().scan(0, |next, &length| {
            let first = *next;
            *next += length;
            Some(first..*next)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_stand_one_after_another() {
        let lengths = Lengths::new([3, 0, 2]);
        let rows: Vec<_> = lengths.rows().collect();
        assert_eq!(rows, [0..3, 3..3, 3..5]);
        assert_eq!((lengths.series(), lengths.slices(), lengths.longest()), (3, 5, 3));
    }
}
