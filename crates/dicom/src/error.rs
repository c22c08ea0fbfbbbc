//! Why a file is not read.

use std::io;
use std::path::{Path, PathBuf};

/// Result of reading.
pub type Result<T, E = DicomError> = std::result::Result<T, E>;

/// Why a file is not read, in words that follow its name: "`a.dcm`: its pixel data is cut short: …".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DicomError {
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
    /// The file grew or shrank while it was read.
    #[error("the file changed while it was read")]
    Changed,
    /// It does not even begin like DICOM.
    #[error("this is not a DICOM file")]
    NotDicom,
    /// Its elements do not fit together: a length leads out of the file, a sequence does not end.
    #[error("damaged DICOM file: {0}")]
    Damaged(String),
    /// The deflated data set cannot be inflated.
    #[error("the deflated data set is damaged")]
    DamagedDeflate(#[source] io::Error),
    /// An element that reading needs is absent, or has a value that cannot be right.
    #[error("{0}")]
    Header(String),
    /// It is an image, but none that CT has: colour, bit masks, floating-point maps.
    #[error("{0}")]
    NotCt(String),
    /// It holds no image.
    #[error("it has no pixel data (7FE0,0010)")]
    NoPixelData,
    /// Nothing here decodes its transfer syntax.
    #[error("its transfer syntax {uid} ({name}) cannot be decoded")]
    UnsupportedSyntax {
        /// UID of the transfer syntax.
        uid: String,
        /// Its name; "unknown" where it has none.
        name: &'static str,
    },
    /// The transfer syntax is read, but not this variant of its coding.
    #[error("{0}")]
    UnsupportedCoding(String),
    /// Compressed pixels cannot be decoded.
    #[error("its {coding} pixel data is damaged: {how}")]
    DamagedPixels {
        /// The coding: "JPEG-LS".
        coding: &'static str,
        /// What is wrong.
        how: String,
    },
    /// There are not as many pixels as the header announces, or they cannot be told apart.
    #[error("{0}")]
    Pixels(String),
    /// A decoder gave up in a way that it should not have.
    #[error("its compressed pixel data is damaged: the decoder gave up")]
    DecoderPanicked,
    /// A frame was asked for that is not there.
    #[error("it has {frames} frames, no frame {frame}")]
    NoFrame {
        /// Number of frames.
        frames: u32,
        /// The one asked for, from 0.
        frame: u32,
    },
    /// A file cannot be written as asked.
    #[error("cannot encode a DICOM file")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl DicomError {
    /// What to do about it, where that can be said.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::UnsupportedSyntax { .. } => {
                Some("convert it to an uncompressed one, for example with `gdcmconv --raw`")
            }
            Self::UnsupportedCoding(_) => {
                Some("convert it to an uncompressed transfer syntax, for example with `gdcmconv --raw`")
            }
            _ => None,
        }
    }

    pub(crate) fn header(what: impl Into<String>) -> Self {
        Self::Header(what.into())
    }

    pub(crate) fn pixels(what: impl Into<String>) -> Self {
        Self::Pixels(what.into())
    }
}

/// Says which file could not be read.
pub(crate) trait At<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| DicomError::Io {
            action,
            path: path.to_owned(),
            source,
        })
    }
}

/// Text short enough for a message.
pub(crate) fn excerpt(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short}{more}")
}
