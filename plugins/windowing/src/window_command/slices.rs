//! The slices to show: of files, or of directories of files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ichflow_api::counted::counted;
use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use ichflow_api::slice_files;
use ichflow_api::tensors::feed::HostBatch;

/// Slices, and where their pixels come from.
pub(super) struct Slices {
    /// The slices of all files, in the order of the files.
    pub cohort: Arc<Cohort>,
    /// Their Hounsfield units.
    pub pixels: Pixels,
    /// Files that somebody may miss: they were named or look like slices, and are not shown.
    pub missing: usize,
    order: SeriesOrder,
}

impl Slices {
    /// The slices of the given files that can be used; without `force`, axial slices of CT alone. What cannot be used is
    /// said on stderr with its reason; of files that are no slices, only those that were named.
    ///
    /// # Errors
    /// When no slice is left.
    pub(super) fn find(paths: &[PathBuf], force: bool) -> Result<Self> {
        let found = slice_files::find(paths)?;
        let mut names = Names::default();
        let (mut slices, mut missing, mut of_directories) = (Vec::new(), 0, 0);
        let mut excluded = Vec::new();
        for file in &found.files {
            let reason = match &file.slices {
                Ok(of_file) => {
                    let stem = names.unique(&file.path);
                    let refused = of_file
                        .iter()
                        .find_map(|one| one.not_axial_ct.as_ref())
                        .filter(|_| !force);
                    let usable = of_file.iter().filter(|one| force || one.not_axial_ct.is_none());
                    slices.extend(usable.map(|one| Slice {
                        id: id_of(&stem, one.slice.frame, of_file.len()),
                        ..one.slice.clone()
                    }));
                    refused.map(String::as_str)
                }
                Err(none) => Some(none.reason()),
            };
            let Some(reason) = reason else { continue };
            let is_missed = file.slices.is_ok() || file.is_missed();
            missing += usize::from(is_missed);
            of_directories += usize::from(!file.named);
            if is_missed {
                excluded.push((format!("excluded: {reason}"), path_text(&file.path)));
            }
        }
        for line in slice_files::grouped(excluded) {
            eprintln!("{line}");
        }
        if slices.is_empty() {
            return Err(found.nothing());
        }
        if of_directories > 0 {
            let files = counted(
                of_directories,
                "file of the directories cannot be used and is left out",
                "files of the directories cannot be used and are left out",
            );
            eprintln!("{files}");
        }
        let cohort = Cohort {
            slices,
            ..Cohort::default()
        };
        Ok(Self {
            order: SeriesOrder::of(&cohort.slices),
            cohort: Arc::new(cohort),
            pixels: found.pixels,
            missing,
        })
    }

    /// A slice's name, fit for a file.
    pub(super) fn name(&self, index: usize) -> &str {
        &self.cohort.slices[index].id
    }

    /// At most so many slices, spread evenly.
    pub(super) fn spread(&self, most: usize) -> Vec<usize> {
        let count = self.cohort.len();
        let shown = most.min(count);
        (0..shown).map(|place| place * count / shown).collect()
    }

    /// The slices of the given names.
    pub(super) fn named(&self, names: &[&String]) -> Result<Vec<usize>> {
        let index = self.cohort.index();
        let of = |name: &&String| {
            index.get(name.as_str()).copied().ok_or_else(|| {
                let known = index.keys().take(10).copied().collect::<Vec<_>>().join(", ");
                Error::new(format!("no slice is called `{name}`")).help(format!("there are {known} …"))
            })
        };
        names.iter().map(of).collect()
    }

    /// A slice's file.
    pub(super) fn file(&self, index: usize) -> String {
        path_text(&self.cohort.slices[index].file)
    }

    /// One slice on the CPU, with the slices around it that the window looks at.
    ///
    /// # Errors
    /// When the slice cannot be read.
    pub(super) fn read(&self, index: usize, window: &Window) -> Result<HuBatch> {
        let offsets = window.offsets();
        let host = HostBatch::read_one(&self.pixels, &self.cohort, &self.order, index, &offsets)?;
        Ok(host.upload(&self.cohort, &Device::flex()))
    }
}

/// Names of slices in pictures, made of their files' names.
#[derive(Default)]
struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// The file's name without its ending, and a number where it was taken: `slice~2`.
    fn unique(&mut self, file: &Path) -> String {
        let stem = file
            .file_stem()
            .map_or("slice".into(), |stem| path_text(Path::new(stem)));
        let mut name = stem.clone();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{stem}~{number}");
        }
        name
    }
}

/// A slice's name: the file's, and where it has several frames, the frame's number from 0.
fn id_of(stem: &str, frame: u32, frames: usize) -> String {
    match frames {
        1 => stem.to_owned(),
        _ => format!("{stem}~frame{frame:04}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names = Names::default();
        let unique = ["a/1.dcm", "b/1.dcm", "b/2"].map(|file| names.unique(Path::new(file)));
        assert_eq!(unique, ["1", "1~2", "2"]);
        assert_eq!([id_of("1", 0, 1), id_of("1", 3, 9)], ["1", "1~frame0003"]);
    }
}
