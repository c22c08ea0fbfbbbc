#![doc = include_str!("../README.md")]
//!
//! # How a file is read
//!
//! A file's header is checked (`header`) and held against the bytes that are really there (`source`). Its affine, from
//! sform or qform (`affine`), says along which of its axes slices, rows and columns lie (`axes`); stored values become
//! whole numbers (`values`), and the volume is read one stored plane after another (`volume`).

#![deny(missing_docs)]
#![warn(unreachable_pub)] // what is public is in this file

mod affine;
mod axes;
mod error;
mod header;
mod source;
mod values;
mod volume;
pub mod write;

pub use affine::Placed;
pub use error::{NiftiError, Result};
pub use header::{Header, read_header};
pub use source::is_compressed;
pub use values::{NAN_VALUE, Survey};
pub use volume::{Volume, read_slice, survey};
