//! File formats that hold slices.

use std::path::Path;

use crate::data::cohort::Slice;
use crate::data::pixels::Pixels;
use crate::error::{Error, Result};

/// A file format that holds slices.
pub struct SliceFiles {
    /// Its name: "DICOM".
    pub format: &'static str,
    /// Describes the slices of a file, one for each frame.
    pub read: fn(&Path) -> Result<Vec<FileSlice>, NoSlice>,
    /// Reads the slices so described.
    pub pixels: fn() -> Pixels,
}

/// A slice of a file, as its header describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct FileSlice {
    /// The slice; its id is for whoever looks at it to choose.
    pub slice: Slice,
    /// SOPInstanceUID as stored; empty where absent.
    pub instance: String,
    /// Why it is no axial slice of CT in Hounsfield units, if it is none: it can be read, and its numbers mean
    /// something else than a model was trained on.
    pub not_axial_ct: Option<String>,
    /// What deserves attention although the slice can be used, in words.
    pub warnings: Vec<String>,
}

/// A file without a slice that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSlice {
    /// It is something else, in which nobody misses a slice: a text, a DICOMDIR.
    Other(String),
    /// It is, or looks like, a slice, and cannot be used.
    Unusable(String),
}

impl NoSlice {
    /// What it is instead, or why it cannot be used.
    pub fn reason(&self) -> &str {
        match self {
            Self::Other(reason) | Self::Unusable(reason) => reason,
        }
    }
}

inventory::collect!(SliceFiles);

/// The registered format; the first by name if there are several.
///
/// # Errors
/// When no plugin of this program reads files of slices.
pub fn format() -> Result<&'static SliceFiles> {
    inventory::iter::<SliceFiles>
        .into_iter()
        .min_by_key(|format| format.format)
        .ok_or_else(|| {
            Error::new("this program reads no files of slices")
                .help("link a plugin that does, ichflow-ct for DICOM")
        })
}

/// Registers a file format: `ichflow_api::register_slice_files!("DICOM", read, pixels);`
#[macro_export]
macro_rules! register_slice_files {
    ($format:literal, $read:path, $pixels:path) => {
        $crate::inventory::submit! {
            $crate::slice_files::SliceFiles { format: $format, read: $read, pixels: $pixels }
        }
    };
}
