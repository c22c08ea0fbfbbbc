#![doc = include_str!("../README.md")]
//!
//! # How a file is read
//!
//! A file is first *scanned* (`layout`, `walk`): every declared length is held against the bytes that are really
//! there, so that nothing downstream allocates what a damaged file only claims. Then the few elements that matter are
//! looked at (`elements`, `header`, `storage`, `geometry`), frames are put together from fragments (`frames`) and
//! decoded (`codec`), and stored values become Hounsfield units (`rescale`).

#![deny(missing_docs)]

mod announced;
mod codec;
mod elements;
mod error;
mod file;
mod frames;
mod geometry;
mod groups;
mod header;
mod layout;
mod pixels;
mod rescale;
pub mod series;
mod storage;
mod syntax;
mod voi_lut;
mod walk;
pub mod write;

pub use error::{DicomError, Result};
pub use file::looks_like_dicom;
pub use geometry::Geometry;
pub use header::{Header, read_headers};
pub use pixels::{Frames, HuImage, read_bytes, read_frame, read_frame_in_place};
pub use rescale::Rescale;
pub use storage::Storage;
pub use syntax::syntax_name;
pub use voi_lut::VoiLut;
