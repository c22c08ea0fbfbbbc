//! From files of CT to Hounsfield units: loaders, the HU store and the phantom. DICOM is read by `ichflow-dicom`, NIfTI by
//! `ichflow-nifti`.
//!
//! - [`rsna`] loads the RSNA 2019 competition's files, [`dicom_dir`] any directory of DICOM and NIfTI, [`table`] any
//!   directory with labels in CSVs.
//! - [`phantom`] makes up a cohort in the competition's shape and loads it the same way.
//! - [`join`] makes one cohort of several loaders' ones, each a site.
//! - [`hu_store`] keeps slices as lossless 16-bit Hounsfield units.
//! - [`hu_resize`] brings slices to one size without keeping them.
//! - [`select_series`] finds the plain axial head CT of an exam.
//! - [`kinds`] knows what is no axial slice of CT in HU.
//! - [`slice_files`] describes files for commands that take some, [`inspect`] tells what is read from one.

pub mod dicom_dir;
mod examples;
mod foresee;
mod formats;
mod headers;
pub mod hu_resize;
pub mod hu_store;
pub mod inspect;
pub mod join;
pub mod kinds;
pub mod phantom;
pub mod public;
mod refusal;
pub mod rsna;
pub mod select_series;
mod series;
pub mod slice_files;
pub mod table;
mod to_size;

ichflow_api::register_slice_files!("DICOM or NIfTI", slice_files::read, slice_files::pixels);
