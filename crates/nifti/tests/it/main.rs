//! Volumes as nibabel writes and reads them, volumes stored along any axes, and damaged ones.

#![expect(clippy::unwrap_used, reason = "a test fails at the right line")]

mod damaged;
mod nibabel;
mod orientation;
