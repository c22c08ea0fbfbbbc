//! What computes for the server: bundles that are opened once, uploads that wait for them, and what came of these.

mod limits;
mod service;

pub(crate) use limits::Limits;
pub(crate) use service::{ServedBundle, Service};
