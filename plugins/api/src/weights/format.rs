//! Which kind of file it is.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// The kinds of file that can be read.
pub enum Format {
    /// A header in JSON, then values.
    Safetensors,
    /// A pickle, in a zip since PyTorch 1.6.
    PyTorch,
}

impl Format {
    /// What the first bytes of a file say.
    pub fn of(path: &Path) -> Result<Self> {
        use std::io::Read;

        let mut start = Vec::new();
        fs::File::open(path)
            .and_then(|file| file.take(512).read_to_end(&mut start))
            .map_err(|error| {
                Error::caused_by(format!("cannot read the weights {}", path.display()), error)
                    .help("check the path; it is relative to the directory ichflow runs in")
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
        let help = if start.starts_with(b"version https://git-lfs") {
            "this is a git-lfs pointer; fetch the file itself with `git lfs pull`"
        } else if start.starts_with(b"<") {
            "this is a web page; download the file itself"
        } else {
            "name a .safetensors file, or a .pth file written by torch.save"
        };
        Err(Error::new(format!("{} is not a weights file", path.display())).help(help))
    }
}
