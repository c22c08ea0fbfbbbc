//! The file formats that hold slices of CT, one file each: what a file's header says, and its pixels in HU.
//!
//! Everything that reads files goes through [`format_of`]: loaders, the HU store, `ichflow inspect` and the commands
//! that take files. A new format is a file beside `nifti` with its [`Format`], and its name in [`FORMATS`].

mod dicom;
mod nifti;
mod pixels;
mod volumes;

use std::path::Path;

use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;

use crate::headers::id_of;
use crate::inspect::Inspection;
use crate::kinds::Kind;
pub(crate) use pixels::FilePixels;

/// A slice of a file, as its header describes it.
pub(crate) struct Frame {
    /// The slice; it gets its id from [`name_slices`].
    pub slice: Slice,
    /// SOPInstanceUID as stored; empty where there is none.
    pub instance: String,
    /// What it is in place of an axial slice of CT in HU, with the reasons.
    pub kinds: Vec<(Kind, String)>,
    /// What deserves attention although it can be used, in words.
    pub warnings: Vec<String>,
}

/// A file format that holds slices of CT.
pub(crate) trait Format: Sync {
    /// How names of its files end, in lower case. Files of any other name are taken for DICOM, which often has no ending.
    fn endings(&self) -> &'static [&'static str];
    /// Whether its headers name patients, studies and series. Where they do not, a file is a series of a patient of its
    /// own.
    fn names_patients(&self) -> bool;
    /// Describes the slices of a file, in the order of their frames.
    ///
    /// # Errors
    /// Why the file cannot be used.
    fn read(&self, file: &Path) -> Result<Vec<Frame>>;
    /// Reads the slices so described.
    fn pixels(&self) -> Box<dyn PixelSource>;
    /// All there is to tell of a file.
    ///
    /// # Errors
    /// Why the file cannot be used.
    fn inspect(&self, file: &Path) -> Result<Inspection>;
}

/// All formats; the last takes every name that is no other's.
static FORMATS: [&dyn Format; 2] = [&nifti::Nifti, &dicom::Dicom];

/// The format that a file has, by its name.
pub(crate) fn format_of(file: &Path) -> &'static dyn Format {
    FORMATS[place_of(file)]
}

fn place_of(file: &Path) -> usize {
    let found = FORMATS.iter().position(|format| ends_like(file, *format));
    found.unwrap_or(FORMATS.len() - 1)
}

/// Whether a file is named like one of a format that holds slices.
pub(crate) fn is_named_like_slices(file: &Path) -> bool {
    FORMATS.iter().any(|format| ends_like(file, *format))
}

fn ends_like(file: &Path, format: &dyn Format) -> bool {
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase();
    // A file called only `.nii` has a name and no ending.
    let mut endings = format.endings().iter();
    endings.any(|ending| name.len() > ending.len() && name.ends_with(ending))
}

/// Gives the slices of a file their ids, after `id`, the file's; and where headers name nobody, patient, study and series
/// of the same name.
pub(crate) fn name_slices(slices: &mut [Slice], id: &str, file: &Path) {
    let names_patients = format_of(file).names_patients();
    let path = path_text(file);
    // Who looks at single files has no ids for them.
    let whose = if id.is_empty() { path.as_str() } else { id };
    let frames = slices.len();
    for slice in slices {
        slice.id = id_of(id, slice.frame, frames);
        if !names_patients {
            for name in [&mut slice.patient, &mut slice.study, &mut slice.series] {
                whose.clone_into(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_format_and_what_tells_nothing_is_dicom() {
        let is_nifti = |name: &str| place_of(Path::new(name)) == 0;
        for name in ["049.nii", "a/CT.NII.GZ", "x.y.nii.gz"] {
            assert!(is_nifti(name), "{name}");
        }
        for name in ["049.nii/IM1", "a.gz", ".nii", "IM00001", "a.dcm", "nii"] {
            assert!(!is_nifti(name), "{name}");
        }
        assert!(is_named_like_slices(Path::new("a.DCM")) && !is_named_like_slices(Path::new("a.txt")));
    }
}
