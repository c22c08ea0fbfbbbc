//! Sampling: which slices an epoch takes; one file each.

mod balanced;
mod decks;
mod in_order;
mod sampler;
mod shuffle;
mod undersample;

use std::fmt::Debug;

use ichflow_api::inventory;

use crate::kind::Registered;

pub use balanced::Balanced;
pub use decks::Decks;
pub use in_order::InOrder;
pub use sampler::{Sampler, batches};
pub use shuffle::Shuffle;
pub use undersample::Undersample;

inventory::collect!(Registered<dyn Sampling>);

/// Which slices an epoch takes, and in which order.
pub trait Sampling: Debug + Send + Sync {
    /// Slices in a whole epoch, of which `fraction` takes a share.
    fn whole(&self, decks: &Decks) -> usize;

    /// The `size` slices of the next epoch.
    fn draw(&self, decks: &mut Decks, size: usize) -> Vec<usize>;

    /// What an epoch of `size` slices holds, in words.
    fn describe(&self, decks: &Decks, size: usize) -> String;

    /// Why it cannot draw from these slices, if it cannot.
    fn lacks(&self, _decks: &Decks) -> Option<String> {
        None
    }
}
