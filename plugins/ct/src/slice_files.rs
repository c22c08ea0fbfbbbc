//! Files as commands see them that look at files without a recipe.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ichflow_api::data::cohort::Slice;
use ichflow_api::data::pixels::Pixels;
use ichflow_api::slice_files::{FileSlice, NoSlice, cannot_open};

use crate::formats::{FilePixels, Frame, format_of, is_named_like_slices, name_slices};
use crate::kinds::reasons;

/// How a file starts that git-lfs has put in place of another.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";
/// Media Storage SOP class of a DICOMDIR (PS3.4 B.5), which stands in the first elements of the file.
const DIRECTORY: &[u8] = b"1.2.840.10008.1.3.10";
/// As many bytes as hold a file's meta information up to its SOP class.
const HEAD: u64 = 512;

/// The slices of a file, one a frame, or why there are none.
///
/// # Errors
/// When the file cannot be read, is of no format that is read, or holds no slice that can be used.
pub fn read(file: &Path) -> Result<Vec<FileSlice>, NoSlice> {
    let read = format_of(file).read(file);
    let frames = read.map_err(|error| no_slice(file, error.chain()))?;
    let (mut slices, rest): (Vec<Slice>, Vec<_>) = frames.into_iter().map(split).unzip();
    name_slices(&mut slices, "", file);
    let whole = |(slice, (instance, not_axial_ct, warnings))| FileSlice {
        slice,
        instance,
        not_axial_ct,
        warnings,
    };
    Ok(slices.into_iter().zip(rest).map(whole).collect())
}

/// A slice, and what is told of it besides: its instance, what it is instead, warnings.
fn split(frame: Frame) -> (Slice, (String, Option<String>, Vec<String>)) {
    let not_axial_ct = reasons(frame.kinds.iter());
    (frame.slice, (frame.instance, not_axial_ct, frame.warnings))
}

/// Reads the slices' pixels.
pub fn pixels() -> Pixels {
    Pixels::new(FilePixels::default())
}

/// What a file is that could not be read as a slice for `reason`: something else, or a slice that is lost.
pub fn no_slice(file: &Path, reason: String) -> NoSlice {
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
    if is_dicom || opened.is_err() || is_named_like_slices(file) {
        NoSlice::Unusable(reason)
    } else {
        NoSlice::Other(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_dicom::write::Fixture;

    #[test]
    fn slices_and_what_lies_beside_them_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let of = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            read(&path)
        };
        let whole = Fixture::default().bytes().unwrap();
        let slices = of("slice", &whole).unwrap();
        assert_eq!(slices[0].instance, "ID_00000000a");
        assert_eq!((slices.len(), slices[0].slice.rows), (1, 2));
        let cut = of("cut", &whole[..whole.len() - 3]).unwrap_err();
        assert!(
            matches!(&cut, NoSlice::Unusable(why) if why.contains("cut short")),
            "{cut:?}"
        );
        let empty = NoSlice::Unusable("it is empty".into());
        assert_eq!(of("empty.dcm", b"").unwrap_err(), empty);
        assert!(matches!(of("empty", b"").unwrap_err(), NoSlice::Other(_)));
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n";
        let pointer = of("pointer.DCM", pointer).unwrap_err();
        assert!(
            matches!(&pointer, NoSlice::Unusable(why) if why.contains("git lfs pull")),
            "{pointer:?}"
        );
        assert!(matches!(
            of("notes.txt", b"no slice").unwrap_err(),
            NoSlice::Other(_)
        ));
        let index = of("DICOMDIR", &whole[..200]).unwrap_err();
        assert!(
            matches!(&index, NoSlice::Other(why) if why.contains("DICOMDIR")),
            "{index:?}"
        );
        let mut renamed = whole.clone();
        let class = renamed
            .windows(DIRECTORY.len() + 1)
            .position(|part| part == b"1.2.840.10008.5.1.4.1");
        let at = class.expect("a SOP class");
        renamed[at..at + DIRECTORY.len()].copy_from_slice(DIRECTORY);
        let index = of("INDEX.dcm", &renamed[..200]).unwrap_err();
        assert!(matches!(&index, NoSlice::Other(_)), "{index:?}");
        let absent = read(&directory.path().join("absent")).unwrap_err();
        assert!(matches!(absent, NoSlice::Unusable(_)), "{absent:?}");
    }
}
