//! How much of everything there may be.

use std::time::Duration;

/// Bounds of uploads; whatever is beyond is refused with an answer that names the bound.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Bytes of a file.
    pub part_bytes: u64,
    /// Bytes of an upload.
    pub upload_bytes: u64,
    /// Bytes of all uploads that the server has.
    pub kept_bytes: u64,
    /// Files of an upload.
    pub upload_files: usize,
    /// Uploads that wait for a bundle.
    pub queue: usize,
    /// For how long an upload is kept after its answer.
    pub keep: Duration,
}
