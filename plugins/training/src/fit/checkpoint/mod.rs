//! Checkpoints: the states that a training carries on from, the weights that are kept, and the result.

mod files;
mod result;
mod settings;
mod state;
mod states;
mod store;

pub(super) use result::{is_whole, read, tidy, windows_of};
pub use settings::Checkpoint;
pub(super) use state::{Best, Position, State};
pub(super) use states::{Saved, States, position_in};
pub(super) use store::Store;
