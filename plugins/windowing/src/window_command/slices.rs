//! The slices to show: of files, or of directories of files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ichflow_api::cohort::SeriesOrder;
use ichflow_api::feed::HostBatch;
use ichflow_api::prelude::*;
use ichflow_api::slice_files;
use walkdir::WalkDir;

/// Slices, and where their pixels come from.
pub struct Slices {
    /// The slices of all files, in the order of the files.
    pub cohort: Arc<Cohort>,
    /// Their Hounsfield units.
    pub pixels: Pixels,
    order: SeriesOrder,
}

impl Slices {
    /// All slices of the given files. A file that is named must be readable; of a directory those that are
    /// not are left out and counted.
    pub fn find(paths: &[PathBuf]) -> Result<Self> {
        let format = slice_files::format()?;
        let mut found = Vec::new();
        let mut taken = BTreeMap::new();
        for path in paths {
            let mut left_out = 0;
            for file in files(path)? {
                let id = unique(&file, &mut taken);
                match (format.slices)(&id, &file) {
                    Ok(slices) => found.extend(slices),
                    Err(_) if path.is_dir() => left_out += 1,
                    Err(error) => {
                        let message = format!("{}: {}", file.display(), error.chain());
                        return Err(Error::new(message).help(format!(
                            "name {} files or directories of them; `ichflow inspect` says what a file is",
                            format.format
                        )));
                    }
                }
            }
            if left_out > 0 {
                eprintln!(
                    "{}: {left_out} files cannot be used and are left out",
                    path.display()
                );
            }
        }
        if found.is_empty() {
            return Err(Error::new("no slice was found").help("name files, or directories of files"));
        }
        let cohort = Cohort {
            slices: found,
            remarks: Vec::new(),
        };
        Ok(Self {
            order: SeriesOrder::of(&cohort),
            cohort: Arc::new(cohort),
            pixels: (format.pixels)(),
        })
    }

    /// A slice's name, fit for a file.
    pub fn name(&self, index: usize) -> &str {
        &self.cohort.slices[index].id
    }

    /// At most so many slices, spread evenly.
    pub fn spread(&self, most: usize) -> Vec<usize> {
        let count = self.cohort.len();
        let shown = most.min(count);
        (0..shown).map(|place| place * count / shown).collect()
    }

    /// The slices of the given names.
    pub fn named(&self, names: &[&String]) -> Result<Vec<usize>> {
        let index = self.cohort.index();
        let of = |name: &&String| {
            index.get(name.as_str()).copied().ok_or_else(|| {
                let known = index.keys().take(10).copied().collect::<Vec<_>>().join(", ");
                Error::new(format!("no slice is called `{name}`")).help(format!("there are {known} …"))
            })
        };
        names.iter().map(of).collect()
    }

    /// One slice on the CPU, with the slices at `offsets` around it.
    pub fn batch(&self, index: usize, offsets: &[i32]) -> Result<HuBatch> {
        let host = HostBatch::read(&self.pixels, &self.cohort, &self.order, vec![index], offsets).map_err(
            |error| {
                Error::new(format!(
                    "{}: {}",
                    self.cohort.slices[index].file.display(),
                    error.chain()
                ))
            },
        )?;
        Ok(host.upload(&self.cohort, &Device::flex()))
    }
}

/// The file, or all files of the directory, sorted.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
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
