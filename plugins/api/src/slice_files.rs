//! Reading single files as slices, for commands that look at files without a recipe.
//!
//! A plugin that reads a file format registers how: [`register_slice_files!`](crate::register_slice_files). Loaders
//! are stages and bring labels and cohorts; this is only for looking.

use std::path::Path;

use crate::cohort::Slice;
use crate::error::{Error, Result};
use crate::pixels::Pixels;

/// A file format that holds slices.
pub struct SliceFiles {
    /// Its name: "DICOM".
    pub format: &'static str,
    /// Describes the slices of a file, one for each frame; the id is the one given, and a number if there are
    /// several.
    pub slices: fn(id: &str, file: &Path) -> Result<Vec<Slice>>,
    /// Reads the slices so described.
    pub pixels: fn() -> Pixels,
}

inventory::collect!(SliceFiles);

/// The registered format; the first by name if there are several.
pub fn format() -> Result<&'static SliceFiles> {
    inventory::iter::<SliceFiles>
        .into_iter()
        .min_by_key(|format| format.format)
        .ok_or_else(|| {
            Error::new("this program reads no files of slices")
                .help("link a plugin that does, ichflow-ct for DICOM")
        })
}

/// Registers a file format: `ichflow_api::register_slice_files!("DICOM", slices, pixels);`
#[macro_export]
macro_rules! register_slice_files {
    ($format:literal, $slices:path, $pixels:path) => {
        $crate::inventory::submit! {
            $crate::slice_files::SliceFiles { format: $format, slices: $slices, pixels: $pixels }
        }
    };
}
