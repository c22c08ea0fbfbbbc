//! DICOM as a [`Format`]: every file that no other format takes.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ichflow_api::prelude::*;
use ichflow_api::slice_files::{NoSlice, cannot_open};
use ichflow_dicom::Header;

use crate::format::{Format, Frame};
use crate::headers::slice_of;
use crate::kinds::kinds_of;
use crate::pixels::DicomPixels;
use crate::refusal::refused;

/// How a file starts that git-lfs has put in place of another.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";
/// Media Storage SOP class of a DICOMDIR (PS3.4 B.5), which stands in the first elements of the file.
const DIRECTORY: &[u8] = b"1.2.840.10008.1.3.10";
/// As many bytes as hold a file's meta information up to its SOP class.
const HEAD: u64 = 512;

/// DICOM files.
pub(crate) struct Dicom;

impl Format for Dicom {
    fn name(&self) -> &'static str {
        "DICOM"
    }

    /// Names of DICOM files tell nothing.
    fn has(&self, _file: &Path) -> bool {
        true
    }

    fn frames(&self, file: &Path) -> Result<Vec<Frame>> {
        let headers = ichflow_dicom::read_headers(file).map_err(refused)?;
        let frame = |(frame, mut header): (usize, Header)| Frame {
            kinds: kinds_of(&header),
            warnings: std::mem::take(&mut header.warnings),
            slice: slice_of(file, frame as u32, header),
        };
        Ok(headers.into_iter().enumerate().map(frame).collect())
    }

    fn no_slice(&self, file: &Path, reason: String) -> NoSlice {
        let mut head = Vec::new();
        let opened = File::open(file).and_then(|file| file.take(HEAD).read_to_end(&mut head));
        let is_dicom = ichflow_dicom::looks_like_dicom(file);
        let is_directory = head.windows(DIRECTORY.len()).any(|part| part == DIRECTORY)
            || file
                .file_name()
                .is_some_and(|name| name.eq_ignore_ascii_case("DICOMDIR"));
        if is_dicom && is_directory {
            return NoSlice::Other("it is a DICOMDIR, the index of other files".into());
        }
        let reason = match &opened {
            Ok(0) => "it is empty".to_owned(),
            Ok(_) if head.starts_with(LFS) => {
                "it is a git-lfs pointer in place of the file: `git lfs pull` brings the file".to_owned()
            }
            Ok(_) => reason,
            Err(error) => cannot_open(file, error),
        };
        if is_dicom || opened.is_err() || is_named_like_dicom(file) {
            NoSlice::Unusable(reason)
        } else {
            NoSlice::Other(reason)
        }
    }

    fn pixels(&self) -> Box<dyn PixelSource> {
        Box::new(DicomPixels::default())
    }
}

/// Whether a file's ending is one that DICOM files have.
fn is_named_like_dicom(file: &Path) -> bool {
    file.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|ending| ["dcm", "dicom", "dic", "ima"].contains(&ending.to_ascii_lowercase().as_str()))
}
