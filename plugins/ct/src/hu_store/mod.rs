//! The HU store on disk: slices as lossless 16-bit Hounsfield units, written once.
//!
//! ```text
//! hu.bin        every slice's values one after another: little-endian i16, row by row
//! index.jsonl   one line per slice: id, source file, offset in bytes, rows, columns, SHA-256; or why it failed
//! verified.json state of hu.bin when all checksums were last found right
//! lock          held while a run writes
//! parts/2-of-3/ a store of the same kind, filled by a shard, until a run without a shard takes it over
//! ```
//!
//! Values reach the disk before the line that names them, so that a run killed at any moment leaves a
//! store that is merely shorter. `ichflow store verify` compares every checksum. In Python:
//! `numpy.fromfile("hu.bin", "<i2", rows * columns, offset=offset).reshape(rows, columns)`.

mod command;
mod entry;
mod files;
mod parts;
mod read;
mod stage;
mod verify;
mod write;

pub use entry::{Entry, Place, Prepared};
pub use parts::Parts;
pub use read::StorePixels;
pub use stage::HuStore;
pub use verify::{Damage, Report, verify};
pub use write::{State, Store};

#[cfg(test)]
mod tests;
