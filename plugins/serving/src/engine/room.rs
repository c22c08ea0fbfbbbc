//! How many bytes, files and uploads the server has at once: counted before they are taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that never goes beyond a bound.
#[derive(Clone)]
pub(crate) struct Room {
    taken: Arc<AtomicU64>,
    bound: u64,
}

/// A part of a [`Room`], given back when it is dropped.
pub(crate) struct Taken {
    room: Room,
    amount: u64,
}

impl Room {
    pub(crate) fn new(bound: u64) -> Self {
        Self {
            taken: Arc::default(),
            bound,
        }
    }

    /// Nothing of it, to which more can be added.
    pub(crate) fn none(&self) -> Taken {
        Taken {
            room: self.clone(),
            amount: 0,
        }
    }

    /// How much of it is taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Taken {
    /// Takes more; false where there is no room for it.
    #[must_use]
    pub(crate) fn add(&mut self, amount: u64) -> bool {
        let bound = self.room.bound;
        let more = |taken: u64| taken.checked_add(amount).filter(|sum| *sum <= bound);
        let taken = &self.room.taken;
        let has_room = taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok();
        self.amount += if has_room { amount } else { 0 };
        has_room
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.amount, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_bounded_and_given_back() {
        let room = Room::new(10);
        let mut one = room.none();
        assert!(one.add(6) && !one.add(5) && !one.add(u64::MAX));
        let mut other = room.none();
        assert!(other.add(4) && !other.add(1));
        drop(one);
        assert_eq!(room.taken(), 4);
        assert!(other.add(6));
        drop(other);
        assert_eq!(room.taken(), 0);
    }
}
