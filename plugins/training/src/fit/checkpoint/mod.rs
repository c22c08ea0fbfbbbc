//! Checkpoints: the states that a training carries on from, the weights that are kept, and the result.

mod files;
mod result;
mod settings;
mod state;
mod states;
mod store;

pub(crate) use result::{is_whole, read, tidy};
pub use settings::Checkpoint;
pub(super) use state::{Best, Position, State};
pub(crate) use states::position_in;
pub(super) use states::{Saved, States};
pub(crate) use store::Store;
