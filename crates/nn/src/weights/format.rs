//! Which kind of file it is.

use std::fs;
use std::path::Path;

use crate::error::{Error, NotWeights, Result};

/// The kinds of file that can be read.
pub(crate) enum Format {
    /// A header in JSON, then values.
    Safetensors,
    /// A pickle, in a zip since PyTorch 1.6.
    PyTorch,
}

impl Format {
    /// What the first bytes of a file say.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        use std::io::Read;

        let mut start = Vec::new();
        fs::File::open(path)
            .and_then(|file| file.take(512).read_to_end(&mut start))
            .map_err(|source| Error::Open {
                path: path.to_owned(),
                source,
            })?;
        // A zip (PyTorch since 1.6), a bare pickle (before), a tar (long before).
        if start.starts_with(b"PK\x03\x04")
            || start.starts_with(b"\x80")
            || start.get(257..262) == Some(b"ustar")
        {
            return Ok(Self::PyTorch);
        }
        // Eight bytes of length, then JSON.
        if start.get(8) == Some(&b'{') {
            return Ok(Self::Safetensors);
        }
        let found = if start.starts_with(b"version https://git-lfs") {
            NotWeights::GitLfsPointer
        } else if start.starts_with(b"<") {
            NotWeights::WebPage
        } else {
            NotWeights::Unknown
        };
        Err(Error::NotWeights {
            path: path.to_owned(),
            found,
        })
    }
}
