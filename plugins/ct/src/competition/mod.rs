//! The competition's files: the labels CSV, a directory of slices, and cohorts made of both.
//!
//! The `rsna` loader reads them from disk; the `phantom` makes them up first and then comes here too.

mod headers;
mod image_id;
mod labels;
mod load;

pub use headers::{Headers, check_limit, digest_of, slices_of, usable};
pub use image_id::ImageId;
pub use labels::LabelTable;
pub use load::{Files, load};
