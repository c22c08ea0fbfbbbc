//! What can go wrong with weights.

use std::io;
use std::path::PathBuf;

/// Result of what this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why weights could not be read, used or written: what, where, and by [`Error::help`] what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be opened.
    #[error("cannot read the weights {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file was there and could not be read to its end.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is of another kind.
    #[error("{} is not a weights file", path.display())]
    NotWeights {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        found: NotWeights,
    },
    /// A pickle that would run a program. Nothing of it was run.
    #[error("{} holds code: Python would call `{function}` on loading it; nothing was run", path.display())]
    HoldsCode {
        /// The file.
        path: PathBuf,
        /// The function by its Python name: `posix.system`.
        function: String,
    },
    /// The file is of a known kind, but damaged or cut off.
    #[error("cannot read the weights {}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the reader stopped at.
        reason: String,
    },
    /// A tensor holds infinities or NaN.
    #[error("{}: the tensor `{tensor}` holds values that are not finite numbers", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
    },
    /// The file is empty of tensors.
    #[error("{} holds no tensors", path.display())]
    NoTensors {
        /// The file.
        path: PathBuf,
    },
    /// A renaming gave two tensors one name.
    #[error("{}: two tensors are called `{new}`, one of them `{old}` in the file", path.display())]
    SameName {
        /// The file.
        path: PathBuf,
        /// The name both have got.
        new: String,
        /// The name one of them has in the file.
        old: String,
    },
    /// The file holds tensors that the network has no place for, lacks some, or has some in another shape.
    #[error("{} does not fit the network: {mismatch}", path.display())]
    DoesNotFit {
        /// The file.
        path: PathBuf,
        /// Which tensors, in words.
        mismatch: String,
    },
    /// The network took no notice of tensors that fit it.
    #[error("{}: {reason}", path.display())]
    NotTaken {
        /// The file.
        path: PathBuf,
        /// What burn says.
        reason: String,
    },
    /// The values of learned windows could not be read from the device.
    #[error("the learned window cannot be read: {reason}")]
    Window {
        /// What burn says.
        reason: String,
    },
}

/// What a file that holds no weights looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotWeights {
    /// A pointer that git-lfs left in place of the file.
    GitLfsPointer,
    /// A page of the web.
    WebPage,
    /// Something else.
    Unknown,
}

impl Error {
    /// What to do next, where there is something to say.
    pub fn help(&self) -> Option<&'static str> {
        let help = match self {
            Self::Open { .. } => "check the path; it is relative to the directory ichflow runs in",
            Self::NotWeights { found, .. } => match found {
                NotWeights::GitLfsPointer => {
                    "this is a git-lfs pointer; fetch the file itself with `git lfs pull`"
                }
                NotWeights::WebPage => "this is a web page; download the file itself",
                NotWeights::Unknown => "name a .safetensors file, or a .pth file written by torch.save",
            },
            Self::HoldsCode { .. } => {
                "do not open it in Python; get the weights as .safetensors, which cannot hold code"
            }
            Self::Damaged { .. } => {
                "the file is damaged, cut off, or not a plain state dict: download or write it again"
            }
            Self::NotFinite { .. } => "the file is damaged, or the training that wrote it diverged",
            Self::NoTensors { .. } => "name a file that holds a network's state dict",
            Self::DoesNotFit { .. } => "name weights of the same architecture",
            Self::Read { .. }
            | Self::Write { .. }
            | Self::SameName { .. }
            | Self::NotTaken { .. }
            | Self::Window { .. } => return None,
        };
        Some(help)
    }
}
