#![doc = include_str!("../README.md")]
//!
//! # How a file is read
//!
//! A file is first *scanned* (`layout`, `walk`): every declared length is held against the bytes that are really
//! there, so that nothing downstream allocates what a damaged file only claims. Then the few elements that matter are
//! looked at (`elements`, `header`, `storage`, `geometry`), frames are put together from fragments (`frames`) and
//! decoded (`codec`), and stored values become Hounsfield units (`rescale`), put right where the words show that the
//! header is wrong (`repairs`). Axial images are brought to one orientation (`turn`).

#![deny(missing_docs)]
#![warn(unreachable_pub)] // what is public is in this file

mod acquisition;
mod announced;
mod charset;
mod codec;
mod elements;
mod error;
mod file;
mod frames;
mod geometry;
mod groups;
mod header;
mod headers;
mod layout;
mod lut;
mod modality_lut;
mod pixels;
mod repairs;
mod rescale;
pub mod series;
mod storage;
mod syntax;
mod to_hu;
mod turn;
mod voi_lut;
mod walk;
mod warnings;
pub mod write;

pub use acquisition::Acquisition;
pub use error::{DicomError, Result};
pub use file::looks_like_dicom;
pub use geometry::{Geometry, Plane};
pub use header::{Header, Order};
pub use headers::read_headers;
pub use modality_lut::ModalityLut;
pub use pixels::{Frames, HuImage, read_bytes, read_frame, read_frame_in_place};
pub use repairs::Repairs;
pub use rescale::Rescale;
pub use storage::Storage;
pub use syntax::syntax_name;
pub use turn::Turn;
pub use voi_lut::VoiLut;
