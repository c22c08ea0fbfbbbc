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

/// Files that uploads may have open, as far as the system lets this program: the rest is for connections and for itself.
#[cfg(unix)]
pub(super) fn files() -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls get a pointer to a limit that lives as long as they do.
    let raised = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && {
            limit.rlim_cur = limit.rlim_max.min(1 << 20);
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) == 0
        }
    };
    let most = if raised { limit.rlim_cur } else { 1024 };
    most.saturating_sub(2048).max(most / 4)
}

/// Elsewhere files have names, and are open only while they are read.
#[cfg(not(unix))]
pub(super) fn files() -> u64 {
    1 << 20
}
