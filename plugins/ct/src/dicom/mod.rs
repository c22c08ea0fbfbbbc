//! Reading DICOM: where things lie in a file, what its header says, and its Hounsfield units.
//!
//! A file is first *scanned* ([`layout`]): every declared length is held against the bytes that are
//! really there, so that nothing downstream allocates what a damaged file only claims. Then the few
//! elements ichflow needs are parsed ([`header`]), and stored values become Hounsfield units ([`hu`]).

mod file;
mod header;
mod hu;
mod layout;
mod pixels;
mod write;

#[cfg(test)]
pub(crate) mod fixture;

pub use file::looks_like_dicom;
pub use header::{Header, Storage, read_header};
pub use hu::{Rescale, to_hu};
pub use pixels::DicomPixels;
pub use write::{Attribute, encode};
