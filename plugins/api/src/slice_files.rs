//! Reading single files as slices, for commands that look at files without a recipe.
//!
//! A plugin that reads a file format registers how: [`register_slice_files!`](crate::register_slice_files). Loaders
//! are stages and bring labels and cohorts; this is only for looking.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use crate::data::cohort::{Cohort, Slice};
use crate::data::pixels::Pixels;
use crate::error::{Error, Result, ResultExt};

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

/// Slices of files that were named, or stand in directories that were.
pub struct Found {
    /// The slices of all files, in the order of the files.
    pub cohort: Cohort,
    /// Reads them.
    pub pixels: Pixels,
    /// Files that hold no slice that can be used.
    pub refused: Vec<Refused>,
}

/// A file that holds no slice that can be used.
pub struct Refused {
    /// The file.
    pub file: PathBuf,
    /// Why not.
    pub reason: String,
    /// Whether it was named itself, and not its directory.
    pub named: bool,
}

/// All slices of the given files and of the files in the given directories, at any depth.
///
/// A slice is called like its file, without the ending; where several files are called alike, a number is added
/// (`slice~2`).
///
/// # Errors
/// When a path does not exist or a directory cannot be searched, or no slice is found at all.
pub fn find(paths: &[PathBuf]) -> Result<Found> {
    let format = format()?;
    let mut taken = BTreeMap::new();
    let mut files = Vec::new();
    for path in paths {
        for file in files_of(path)? {
            files.push((unique(&file, &mut taken), file, !path.is_dir()));
        }
    }
    let read: Vec<_> = files
        .par_iter()
        .map(|(id, file, _)| (format.slices)(id, file))
        .collect();
    let (mut slices, mut refused) = (Vec::new(), Vec::new());
    for ((_, file, named), read) in files.into_iter().zip(read) {
        match read {
            Ok(of_file) => slices.extend(of_file),
            Err(error) => refused.push(Refused {
                file,
                reason: error.chain(),
                named,
            }),
        }
    }
    if slices.is_empty() {
        let why = refused.first().map_or_else(
            || "there are no files".to_owned(),
            |refused| format!("{}: {}", refused.file.display(), refused.reason),
        );
        return Err(Error::new(format!("no slice was found: {why}")).help(format!(
            "name {} files or directories of them; `ichflow inspect` says what a file is",
            format.format
        )));
    }
    Ok(Found {
        cohort: Cohort {
            slices,
            remarks: Vec::new(),
        },
        pixels: (format.pixels)(),
        refused,
    })
}

/// The file, or all files of the directory, sorted.
fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        let entry = entry.at("search the directory", path)?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// The file's name without its ending, and a number where it was taken.
fn unique(file: &Path, taken: &mut BTreeMap<String, usize>) -> String {
    let stem = file
        .file_stem()
        .map_or("slice".into(), |stem| stem.to_string_lossy().into_owned());
    let count = taken.entry(stem.clone()).or_default();
    *count += 1;
    match *count {
        1 => stem,
        number => format!("{stem}~{number}"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut taken = BTreeMap::new();
        let names = ["a/1.dcm", "b/1.dcm", "b/2"].map(|file| unique(Path::new(file), &mut taken));
        assert_eq!(names, ["1", "1~2", "2"]);
    }
}
