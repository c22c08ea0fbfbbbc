//! What computes for the server: bundles that are opened once, uploads that wait for them, and what came of these.
//!
//! [`receive`] takes files in within [`limits`] and [`room`], [`queue`] has them wait, [`worker`] predicts several
//! [`together`], [`upload`] holds their state and [`answer`] what came of them; [`look`] shows single slices.

mod answer;
mod limits;
mod look;
mod measures;
mod queue;
mod receive;
mod room;
mod service;
mod together;
mod upload;
mod worker;

pub(crate) use limits::Limits;
pub(crate) use look::Gray;
pub(crate) use receive::{Draft, Refusal};
pub(crate) use service::{ServedBundle, Service};
pub(crate) use upload::Upload;
