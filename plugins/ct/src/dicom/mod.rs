//! Reading DICOM: where things lie in a file, what its header says, and its Hounsfield units.
//!
//! A file is first *scanned* ([`layout`]): every declared length is held against the bytes that are
//! really there, so that nothing downstream allocates what a damaged file only claims. Then the few
//! elements ichflow needs are looked at ([`elements`], [`header`]), frames are put together from fragments
//! ([`frames`]) and decoded ([`codec`]), and stored values become Hounsfield units ([`hu`]).

mod codec;
mod elements;
mod file;
mod frames;
mod groups;
mod header;
mod hu;
mod layout;
mod pixels;
mod voi_lut;
mod write;

#[cfg(test)]
pub(crate) mod fixture;

pub use file::{looks_like_dicom, syntax_name};
pub use header::{Geometry, Header, Storage, read_headers, read_headers_and_syntax};
pub use hu::{Rescale, to_hu};
pub use pixels::{DicomPixels, Frames, read_bytes, read_frame_of};
pub use write::{Attribute, encode};
