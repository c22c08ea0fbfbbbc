//! What tells whether a file changed.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use ichflow_api::prelude::*;

/// A file's length in bytes and its time of change in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Length in bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub changed: u64,
}

/// The present [`Source`] of a file; none where it cannot be looked at.
pub(crate) fn source_of(path: &Path) -> Option<Source> {
    let metadata = fs::metadata(path).ok()?;
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Source {
        size: metadata.len(),
        changed: u64::try_from(changed.as_nanos()).ok()?,
    })
}
