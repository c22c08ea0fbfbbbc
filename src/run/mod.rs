//! Running a plan: the run directory, the executor, progress, interruption, provenance; and the trials of a sweep, each
//! a run of its own.

pub mod directory;
mod executor;
mod interrupt;
mod observer;
mod provenance;
pub mod record;
pub mod shard;
pub mod trials;

pub use executor::{Finished, RunOptions, run};
pub use interrupt::{INTERRUPTED, listen};
pub use observer::TerminalObserver;
