//! The RSNA 2019 competition's files: the labels CSV, directories of slices, and cohorts made of both.
//!
//! The stage `rsna` reads them from disk; the `phantom` makes them up first and then comes here too.

mod image_id;
mod labels;
mod load;
mod stage;

pub use image_id::ImageId;
pub use labels::LabelTable;
pub(crate) use load::{Files, load};
pub use stage::Rsna;
