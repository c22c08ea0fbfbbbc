//! Files as commands see them that look at files without a recipe.

use std::path::Path;

use ichflow_api::data::pixels::Pixels;
use ichflow_api::slice_files::{FileSlice, NoSlice};

use crate::format::{FilePixels, Frame, format_of};
use crate::headers::id_of;
use crate::kinds::reasons;

/// The slices of a file, one a frame, or why there are none.
///
/// # Errors
/// When the file cannot be read, is of no known format, or holds no slice that can be used.
pub fn read(file: &Path) -> Result<Vec<FileSlice>, NoSlice> {
    let frames = format_of(file)
        .frames(file)
        .map_err(|error| no_slice(file, error.chain()))?;
    let count = frames.len();
    let slice = |Frame {
                     mut slice,
                     kinds,
                     warnings,
                 }: Frame| {
        slice.id = id_of("", slice.frame, count);
        FileSlice {
            instance: slice.instance.clone(),
            not_axial_ct: reasons(kinds.iter()),
            warnings,
            slice,
        }
    };
    Ok(frames.into_iter().map(slice).collect())
}

/// Reads the slices' pixels.
pub fn pixels() -> Pixels {
    Pixels::new(FilePixels::default())
}

/// What a file is that could not be read as a slice for `reason`: something else, or a slice that is lost.
pub fn no_slice(file: &Path, reason: String) -> NoSlice {
    format_of(file).no_slice(file, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_dicom::write::Fixture;

    /// Media Storage SOP class of a DICOMDIR.
    const DIRECTORY: &[u8] = b"1.2.840.10008.1.3.10";

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
