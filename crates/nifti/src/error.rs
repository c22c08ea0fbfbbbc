//! Why a file is not read.

use std::io;
use std::path::{Path, PathBuf};

/// Result of reading.
pub type Result<T, E = NiftiError> = std::result::Result<T, E>;

/// Why a file is not read, in words that follow its name: "`a.nii`: it is cut short: …".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NiftiError {
    /// The file cannot be opened or read.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: "open", "read".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It does not even begin like NIfTI.
    #[error("this is not a NIfTI file")]
    NotNifti,
    /// Its header is the second version's.
    #[error("it is NIfTI-2; NIfTI-1 is read")]
    SecondVersion,
    /// Its values are in another file.
    #[error("it is the header of a pair of .hdr and .img; one .nii file is read")]
    Pair,
    /// A field that reading needs has a value that cannot be right.
    #[error("{0}")]
    Header(String),
    /// Its values are of a kind that neither CT nor a mask has: colours, complex numbers.
    #[error("its values are {0}; whole numbers of 8 to 64 bits and floats of 32 and 64 bits are read")]
    DataType(String),
    /// It holds several volumes: times of a perfusion, channels.
    #[error("it holds {volumes} volumes, as of several times; one is read")]
    SeveralVolumes {
        /// How many.
        volumes: u64,
    },
    /// It ends before its last value.
    #[error("it is cut short: its header announces {announced} bytes of values, {there}")]
    CutShort {
        /// Bytes of values that the header announces.
        announced: u64,
        /// What is there instead, in words.
        there: String,
    },
    /// Its compressed bytes cannot be decompressed.
    #[error("its gzip data is damaged")]
    DamagedGzip(#[source] io::Error),
    /// Its values cannot be read.
    #[error("its values cannot be read: {0}")]
    Values(String),
    /// A slice was asked for that is not there.
    #[error("it has {slices} slices, no slice {slice}")]
    NoSlice {
        /// Number of slices.
        slices: usize,
        /// The one asked for, from 0.
        slice: usize,
    },
}

impl NiftiError {
    /// What to do about it, where that can be said.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::SecondVersion | Self::Pair => {
                Some("save it as one NIfTI-1 file, for example with nibabel's `Nifti1Image`")
            }
            Self::SeveralVolumes { .. } => {
                Some("save the volume that is meant as a file of its own, for example with `fslroi`")
            }
            _ => None,
        }
    }
}

/// Says which file could not be read.
pub(crate) trait At<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| NiftiError::Io {
            action,
            path: path.to_owned(),
            source,
        })
    }
}
