//! File formats that hold slices. Loaders and commands ask a file's [`Format`] and need not know which one it is: a further
//! format is one more of [`FORMATS`].

use std::path::Path;

use ichflow_api::prelude::*;
use ichflow_api::slice_files::NoSlice;

use crate::dicom_format::Dicom;
use crate::kinds::Kind;

/// A file format that holds slices.
pub(crate) trait Format: Sync {
    /// Its name: "DICOM".
    fn name(&self) -> &'static str;

    /// Whether a file is of this format, told by its name.
    fn has(&self, file: &Path) -> bool;

    /// The slices of a file, one a frame, in the order of the frames. Pixels are not read.
    ///
    /// # Errors
    /// When the file cannot be read, is something else, or holds no slice that can be used.
    fn frames(&self, file: &Path) -> Result<Vec<Frame>>;

    /// What a file is whose frames could not be had for `reason`: something else, or slices that are lost.
    fn no_slice(&self, file: &Path, reason: String) -> NoSlice;

    /// Reads the pixels of slices that [`Format::frames`] described.
    fn pixels(&self) -> Box<dyn PixelSource>;
}

/// A slice as its file describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    /// The slice, without an id and without labels.
    pub slice: Slice,
    /// What it is in place of an axial slice of CT in HU, with the reasons.
    pub kinds: Vec<(Kind, String)>,
    /// What deserves attention although the slice can be used, in words.
    pub warnings: Vec<String>,
}

/// The formats that are known; the last takes every file that no other one takes.
static FORMATS: [&dyn Format; 1] = [&Dicom];

/// A file's format.
pub(crate) fn format_of(file: &Path) -> &'static dyn Format {
    FORMATS[place_of(file)]
}

fn place_of(file: &Path) -> usize {
    let named = FORMATS.iter().position(|format| format.has(file));
    named.unwrap_or(FORMATS.len() - 1)
}

/// Reads each slice from its file, whatever the file's format.
pub(crate) struct FilePixels {
    /// As many as there are formats, in their order.
    sources: Vec<Box<dyn PixelSource>>,
}

impl Default for FilePixels {
    fn default() -> Self {
        Self {
            sources: FORMATS.iter().map(|format| format.pixels()).collect(),
        }
    }
}

impl PixelSource for FilePixels {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        self.sources[place_of(&slice.file)].read(slice)
    }

    fn describe(&self) -> String {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
        format!("{} files", names.join(" and "))
    }
}
