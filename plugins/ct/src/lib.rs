//! From DICOM files to Hounsfield units: loaders, the HU store and the phantom. Files are read by `ichflow-dicom`.
//!
//! - [`rsna`] loads the RSNA 2019 competition's files, [`table`] any directory with labels in CSVs, [`dicom_dir`] any
//!   directory without labels.
//! - [`phantom`] makes up a cohort in the competition's shape and loads it the same way.
//! - [`hu_store`] keeps slices as lossless 16-bit Hounsfield units.
//! - [`hu_resize`] brings slices to one size without keeping them.
//! - [`kinds`] knows what is no axial slice of CT in HU.
//! - [`slice_files`] describes files for commands that take some, [`inspect`] tells what is read from one.

pub mod dicom_dir;
mod dicom_format;
mod examples;
mod foresee;
mod format;
mod headers;
pub mod hu_resize;
pub mod hu_store;
pub mod inspect;
pub mod kinds;
pub mod phantom;
mod pixels;
mod refusal;
pub mod rsna;
mod series;
pub mod slice_files;
pub mod table;
mod to_size;

ichflow_api::register_slice_files!("DICOM", slice_files::read, slice_files::pixels);
