//! Headers of many files: read in parallel, kept for the next run, made into slices; what cannot be used goes to
//! quarantine. Every loader comes here.

mod cached;
mod files;
mod quarantine;
mod slices;
mod source;

pub(crate) use files::{Files, Loaded, Wanted};
pub(crate) use quarantine::check_limit;
pub(crate) use slices::{id_of, is_wrapped, scan_of, slice_of};
pub(crate) use source::{Source, source_of};
