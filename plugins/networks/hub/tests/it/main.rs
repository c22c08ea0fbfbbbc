//! Weights by their name on the hub: from the cache, and from a local stand-in for it.

#![expect(clippy::unwrap_used, reason = "a test fails at the right line")]

mod cached;
mod common;
#[cfg(feature = "download")]
mod fetching;
