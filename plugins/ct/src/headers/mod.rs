//! Headers of many files: read in parallel, kept for the next run, made into slices; what cannot be used goes to
//! quarantine. Every loader comes here.

mod cached;
mod quarantine;
mod slices;
mod source;

pub(crate) use cached::{Found, Headers, digest_of};
pub(crate) use quarantine::{Others, check_limit, usable};
pub(crate) use slices::{id_of, is_wrapped, scan_of, slice_of};
pub(crate) use source::{Source, source_of};
