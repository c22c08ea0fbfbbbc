//! Running a plan: the run directory, the executor, progress, interruption, provenance.

pub mod directory;
mod executor;
mod interrupt;
mod observer;
mod provenance;
pub mod record;

pub use executor::{Finished, RunOptions, run};
pub use interrupt::{INTERRUPTED, listen};
pub use observer::TerminalObserver;
