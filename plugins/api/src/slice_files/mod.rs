//! Reading single files as slices, for commands that look at files without a recipe: `ichflow predict`, `window`,
//! `inspect`.
//!
//! Every command that takes files finds them by [`entries`] and learns what they hold by [`find`], and loaders find theirs
//! by [`visit`], so that a bad file is the same to all of them. A plugin that reads a file format registers how:
//! [`register_slice_files!`](crate::register_slice_files). Loaders are stages and bring labels and cohorts.

mod entries;
mod find;
mod format;
mod grouped;

pub use entries::{Entry, cannot_open, entries, visit};
pub use find::{File, Found, find};
pub use format::{FileSlice, NoSlice, SliceFiles, format};
pub use grouped::grouped;
