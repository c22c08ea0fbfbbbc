//! Which slices a network was trained on.

use std::sync::Arc;

use crate::data::cohort::Slice;
use crate::digest::Digest;

/// The slices that a network was trained on, told by digests of their ids: what it says of these is in-fold.
///
/// It travels with the network, into its bundle too. Of each SHA-256 it keeps eight bytes: a competition's training
/// set is a few megabytes then, and two of a million slices look alike with a chance of 3 in 100 million.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrainedOn {
    /// Ascending.
    slices: Arc<[u64]>,
}

impl TrainedOn {
    /// The slices with these ids.
    pub fn ids<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        Self::sorted(ids.into_iter().map(number).collect())
    }

    /// These and the slices of another one.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self::sorted(self.slices.iter().chain(other.slices.iter()).copied().collect())
    }

    /// Whether a slice is one of them.
    pub fn has(&self, slice: &Slice) -> bool {
        self.slices.binary_search(&number(&slice.id)).is_ok()
    }

    /// Number of slices.
    pub fn len(&self) -> usize {
        self.slices.len()
    }

    /// Whether it is none, as for a network that was not trained here.
    pub fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// What names exactly these slices.
    pub fn digest(&self) -> String {
        Digest::new().add(self.to_bytes()).hex()
    }

    /// For a file: eight bytes a slice.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.slices.iter().flat_map(|slice| slice.to_le_bytes()).collect()
    }

    /// What [`TrainedOn::to_bytes`] gave; nothing where it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        rest.is_empty()
            .then(|| Self::sorted(numbers.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect()))
    }

    fn sorted(mut slices: Vec<u64>) -> Self {
        slices.sort_unstable();
        slices.dedup();
        Self {
            slices: slices.into(),
        }
    }
}

fn number(id: &str) -> u64 {
    Digest::new().add(id).number()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::slice;

    #[test]
    fn slices_are_known_again_and_come_back_from_a_file() {
        let two = TrainedOn::ids(["ID_b", "ID_a", "ID_b"]);
        assert_eq!(two.len(), 2);
        assert!(two.has(&slice("ID_a", "p", None)) && !two.has(&slice("ID_c", "p", None)));
        assert_eq!(TrainedOn::from_bytes(&two.to_bytes()), Some(two.clone()));
        assert_eq!(TrainedOn::from_bytes(&[1, 2, 3]), None);
        let three = two.and(&TrainedOn::ids(["ID_c"]));
        assert!(three.has(&slice("ID_c", "p", None)) && three.has(&slice("ID_b", "p", None)));
        assert_ne!(three.digest(), two.digest());
        assert!(TrainedOn::default().is_empty());
    }
}
